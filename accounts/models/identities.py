from django.db import models


class UsedNonce(models.Model):
    """A nonce with which somebody signed in, by SHA-256 of provider and nonce, kept while its token could come again."""

    digest = models.BinaryField(max_length=32, primary_key=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"nonce {bytes(self.digest).hex()[:8]}"
