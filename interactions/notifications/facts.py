"""What facts are told of to whom. Every function acts on what is there now, and may be called any number of times."""

from collections.abc import Iterable, Iterator

from accounts.mentions import usernames_in
from accounts.models import Follow, User
from interactions.models import Comment, Kind, NotificationInbox
from interactions.notifications.writing import Act, notify
from posts.models import Post


def tell_of_follow(*, follower_id: int, followee_id: int) -> None:
    """Tell the followed account, if it is still followed."""
    if Follow.objects.filter(follower_id=follower_id, followee_id=followee_id).exists():
        notify([Act(followee_id, Kind.FOLLOW, subject_id=follower_id, actor_id=follower_id)])


def tell_of_post(*, post_id: int) -> None:
    """Tell whoever a post mentions, if the post is there and they may see it."""
    post = Post.objects.visible().filter(id=post_id).first()
    if post is None:
        return
    wanted = [(user_id, Kind.MENTION) for user_id in _mentioned(post.content, post.author_id)]
    notify([Act(user_id, kind, post.id, post.author_id, post.id) for user_id, kind in _once_each(wanted)])


def tell_of_comment(*, comment_id: int) -> None:
    """Tell of a comment, each of these once: whose comment it answers, whose post it is on, and whom it mentions."""
    comment = Comment.objects.published().filter(id=comment_id).first()
    post = Post.objects.visible().filter(id=comment.post_id).first() if comment else None
    if comment is None or comment.author_id is None or post is None:
        return
    acts = [
        Act(user_id, kind, comment.id, comment.author_id, post.id, comment.id)
        for user_id, kind in _once_each(_told_of(comment, post))
    ]
    notify(acts)


def _told_of(comment: Comment, post: Post) -> Iterator[tuple[int, Kind]]:
    answered = Comment.objects.published().filter(id=comment.parent_id or 0)
    who_see_it = User.objects.visible_to(post.author_id)
    for user_id in who_see_it.filter(id__in=answered.values("author_id")).values_list("id", flat=True):
        yield user_id, Kind.REPLY
    yield post.author_id, Kind.COMMENT
    for user_id in _mentioned(comment.content, post.author_id):
        yield user_id, Kind.MENTION


def _mentioned(text: str, author_id: int) -> list[int]:
    names = usernames_in(text)
    who_see_it = User.objects.visible_to(author_id)
    found = dict(who_see_it.filter(username__in=names).values_list("username", "id"))
    return [found[name] for name in names if name in found]


def _once_each(wanted: Iterable[tuple[int, Kind]]) -> list[tuple[int, Kind]]:
    """Each account with the first of the kinds that it wants to be told of."""
    pairs = list(wanted)
    inboxes = NotificationInbox.objects.filter(user_id__in={user_id for user_id, _ in pairs})
    unwanted = dict(inboxes.values_list("user_id", "not_in_app"))
    first: dict[int, Kind] = {}
    for user_id, kind in pairs:
        if kind not in unwanted.get(user_id, ()):
            first.setdefault(user_id, kind)
    return list(first.items())
