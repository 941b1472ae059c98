from typing import Any

from rest_framework import serializers


class LikeOutput(serializers.Serializer[Any]):
    liked = serializers.BooleanField()
    like_count = serializers.IntegerField()
