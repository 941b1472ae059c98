import pytest
from rest_framework.test import APIClient

from accounts.models import User
from accounts.services import follow_user, unfollow_user
from posts.models import Post
from tests.conftest import SignIn
from tests.factories import PostFactory, UserFactory


def contents(client: APIClient, url: str = "/v1/feed") -> list[str]:
    return [post["content"] for post in client.get(url).json()["results"]]


def test_feed_is_complete_before_any_worker_ran(client: APIClient, user: User) -> None:
    author = UserFactory.create()
    PostFactory.create(author=author, content="before the follow")
    follow_user(follower_id=user.id, followee_id=author.id)
    PostFactory.create(author=author, content="after the follow")
    PostFactory.create(author=user, content="my own")
    PostFactory.create(content="of a stranger")

    assert contents(client) == ["my own", "after the follow", "before the follow"]


def test_an_empty_feed_is_an_empty_page_that_can_be_polled(client: APIClient, user: User) -> None:
    page = client.get("/v1/feed").json()
    polled = client.get(page["previous"]).json()
    post = PostFactory.create(author=user)
    found = client.get(polled["previous"]).json()

    assert (page["results"], page["next"], page["source"]) == ([], None, "home")
    assert (polled["results"], polled["source"]) == ([], "home")
    assert [item["id"] for item in found["results"]] == [str(post.id)]


def test_a_post_looks_the_same_in_the_feed_and_by_itself(client: APIClient, user: User) -> None:
    post = PostFactory.create(author=user)
    client.post(f"/v1/posts/{post.id}/likes")

    (item,) = client.get("/v1/feed").json()["results"]

    assert item == client.get(f"/v1/posts/{post.id}").json()


def test_pages_are_linked_until_the_end(client: APIClient, user: User) -> None:
    for number in range(5):
        PostFactory.create(author=user, content=str(number))

    pages = []
    url: str | None = "/v1/feed?limit=2"
    while url is not None:
        body = client.get(url).json()
        pages.append([post["content"] for post in body["results"]])
        url = body["next"]
        assert url is None or url.startswith("http://testserver/v1/feed?")

    assert pages == [["4", "3"], ["2", "1"], ["0"]]


def test_a_page_has_twenty_posts_unless_told(client: APIClient, user: User) -> None:
    PostFactory.create_batch(21, author=user)

    assert [len(contents(client, url)) for url in ("/v1/feed", "/v1/feed?limit=100")] == [20, 21]


def test_an_unfollowed_author_is_gone_with_the_next_page(client: APIClient, user: User) -> None:
    author = UserFactory.create()
    follow_user(follower_id=user.id, followee_id=author.id)
    PostFactory.create(author=user, content="mine")
    PostFactory.create_batch(2, author=author)
    following = client.get("/v1/feed?limit=1").json()["next"]

    unfollow_user(follower_id=user.id, followee_id=author.id)

    assert contents(client, following) == ["mine"]


def test_a_deleted_post_does_not_break_the_cursor_that_names_it(client: APIClient, user: User) -> None:
    PostFactory.create(author=user, content="old")
    new = PostFactory.create(author=user, content="new")
    following = client.get("/v1/feed?limit=1").json()["next"]

    Post.objects.filter(id=new.id).update(state=Post.State.DELETED)

    assert contents(client, following) == ["old"]


def test_a_cursor_belongs_to_its_reader(client: APIClient, user: User, sign_in: SignIn) -> None:
    PostFactory.create_batch(2, author=user)
    following = client.get("/v1/feed?limit=1").json()["next"]

    response = sign_in(UserFactory.create()).get(following)

    assert (response.status_code, response.json()["code"]) == (400, "invalid_cursor")


def test_a_cursor_of_another_list_is_refused(client: APIClient, user: User) -> None:
    PostFactory.create_batch(2, author=user)
    other = client.get(f"/v1/users/{user.username}/posts?limit=1").json()["next"].partition("?")[2]

    response = client.get(f"/v1/feed?{other}")

    assert (response.status_code, response.json()["code"]) == (400, "invalid_cursor")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limit=0", "invalid_limit"),
        ("limit=x", "invalid_limit"),
        ("cursor=x", "invalid_cursor"),
        ("cursor=", "invalid_cursor"),
    ],
)
def test_what_is_not_understood_is_refused(client: APIClient, query: str, code: str) -> None:
    response = client.get(f"/v1/feed?{query}")

    assert (response.status_code, response.json()["code"]) == (400, code)


def test_the_feed_needs_signing_in(anonymous_client: APIClient) -> None:
    assert anonymous_client.get("/v1/feed").status_code == 401
