from typing import Any

from rest_framework import serializers

from feeds.selectors import HomeItem
from posts.api.serializers import PostPageOutput, post_json
from puppies.api.pagination import NEVER

POLL_HOME = "Ask here for what is new since this page; null while popular posts stand in."


class HomeFeedOutput(PostPageOutput):
    def get_fields(self) -> dict[str, Any]:
        # `source` is a name of the contract and of a DRF attribute; it can only be declared here.
        return {
            **super().get_fields(),
            "previous": serializers.URLField(allow_null=True, help_text=POLL_HOME),
            "source": serializers.ChoiceField(
                ["home", "popular"],
                help_text="Which feed this is: `popular` with the header `X-Feed-Source: fallback` when the home feed cannot be read.",
            ),
        }


class PopularFeedOutput(HomeFeedOutput):
    def get_fields(self) -> dict[str, Any]:
        return {
            **super().get_fields(),
            "previous": serializers.URLField(allow_null=True, help_text=NEVER),
            "source": serializers.ChoiceField(["popular"], help_text="Which feed this is."),
        }


def item_json(item: HomeItem) -> dict[str, Any]:
    """A feed item as `PostOutput` describes it."""
    return post_json(item, liked=item.liked)
