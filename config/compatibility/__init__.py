"""Which promises of one OpenAPI 3.0 document another one breaks. What is only added breaks none."""

from config.compatibility.operations import broken_promises
from config.compatibility.schemas import Broken

__all__ = ["Broken", "broken_promises"]
