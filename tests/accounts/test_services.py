import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts import selectors
from accounts.events import UserFollowed
from accounts.models import Follow, Session, User
from accounts.selectors import Counts, Relationship
from accounts.services import (
    CannotFollowOneself,
    EmailTaken,
    TooManyFollows,
    UsernameTaken,
    WeakPassword,
    WrongCredentials,
    authenticate_user,
    follow_user,
    normalize_username,
    register_user,
    unfollow_user,
)
from accounts.sessions import open_session
from interactions.draining import drain
from puppies.errors import DomainError
from puppies.models import Delivery, LedgerEntry
from tests.factories import PASSWORD, PostFactory, UserFactory
from tests.plans import fill_accounts, plan_of
from tests.threads import run_together


def register(username: str = "rex", email: str = "rex@example.test", password: str = PASSWORD) -> User:
    return register_user(username=username, email=email, password=password)


def follows() -> list[tuple[int, int]]:
    return list(
        Follow.objects.order_by("follower_id", "followee_id").values_list("follower_id", "followee_id")
    )


@pytest.mark.parametrize("raw", ["rex_1", " Rex_1 ", "REX_1", "Ｒｅｘ_１"])
def test_a_username_has_one_spelling(raw: str) -> None:
    assert normalize_username(raw) == "rex_1"


@pytest.mark.django_db
def test_a_new_account_is_active_and_keeps_a_hash() -> None:
    user = register(username=" ReX ", email=" Rex@Example.test ")

    user.refresh_from_db()
    assert (user.username, user.email, user.state) == ("rex", "Rex@Example.test", User.State.ACTIVE)
    assert user.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert (user.is_staff, user.is_superuser, user.last_login) == (False, False, None)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("username", "email", "rule"),
    [
        ("REX", "other@example.test", UsernameTaken),
        ("other", "rex@example.test", EmailTaken),
        ("other", "REX@EXAMPLE.TEST", EmailTaken),
    ],
)
def test_a_name_or_address_that_is_taken_is_refused(
    username: str, email: str, rule: type[DomainError]
) -> None:
    first = register()

    with pytest.raises(rule):
        register(username=username, email=email)

    assert list(User.objects.all()) == [first]


@pytest.mark.django_db
@pytest.mark.parametrize("password", ["short1!", "password123", "rex_the_dog1"])
def test_a_weak_password_is_refused(password: str) -> None:
    with pytest.raises(WeakPassword) as caught:
        register(username="rex_the_dog", password=password)

    assert {problem.pointer for problem in caught.value.errors} == {"/password"}
    assert User.objects.count() == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("names", "addresses", "rule"),
    [
        (("rex", "Rex"), ("a@example.test", "b@example.test"), UsernameTaken),
        (("rex", "bella"), ("a@example.test", "A@example.test"), EmailTaken),
    ],
)
def test_of_two_registrations_at_once_exactly_one_succeeds(
    names: tuple[str, str], addresses: tuple[str, str], rule: type[DomainError]
) -> None:
    def attempt(username: str, email: str) -> User | DomainError:
        try:
            return register(username=username, email=email)
        except DomainError as error:
            return error

    results = run_together(*[lambda pair=pair: attempt(*pair) for pair in zip(names, addresses, strict=True)])

    assert {type(result) for result in results} == {User, rule}
    assert User.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["rex", " REX ", "rex@example.test", "Rex@EXAMPLE.test "])
def test_one_signs_in_with_username_or_address(name: str) -> None:
    user = register()

    assert authenticate_user(username=name, password=PASSWORD) == user


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("rex", PASSWORD.upper()),
        ("rex", ""),
        ("nobody", PASSWORD),
        ("nobody@example.test", PASSWORD),
        ("", ""),
    ],
)
def test_wrong_credentials_are_refused(name: str, password: str) -> None:
    register()

    with pytest.raises(WrongCredentials):
        authenticate_user(username=name, password=password)


@pytest.mark.django_db
@pytest.mark.parametrize("state", [User.State.SUSPENDED, User.State.PURGING])
def test_a_suspended_or_vanishing_account_does_not_sign_in(state: User.State) -> None:
    user = register()
    User.objects.filter(id=user.id).update(state=state)

    with pytest.raises(WrongCredentials):
        authenticate_user(username="rex", password=PASSWORD)


@pytest.mark.django_db
def test_a_session_lasts_ninety_days_and_remembers_its_device() -> None:
    grant = open_session(user=UserFactory.create(), device="x" * 500)

    stored = Session.objects.get(id=grant.session_id)
    assert (stored.device, stored.revoked_at) == ("x" * 200, None)
    assert 89 <= (stored.expires_at - timezone.now()).days <= 90


@pytest.mark.django_db
def test_following_is_a_row_a_fact_and_two_counts() -> None:
    rex, bella = UserFactory.create(), UserFactory.create()

    assert follow_user(follower_id=rex.id, followee_id=bella.id) is True

    follow = Follow.objects.get()
    delivery = Delivery.objects.get(task="feeds.merge_follow")
    assert (follow.follower_id, follow.followee_id, follow.merged) == (rex.id, bella.id, False)
    assert (delivery.fact, delivery.task) == (UserFollowed.name, "feeds.merge_follow")
    assert (delivery.payload["follower_id"], delivery.payload["followee_id"]) == (rex.id, bella.id)
    assert selectors.counts_of(user_id=rex.id) == Counts(followers=0, following=1, posts=0)
    assert selectors.counts_of(user_id=bella.id) == Counts(followers=1, following=0, posts=0)


@pytest.mark.django_db
def test_following_again_changes_nothing() -> None:
    rex, bella = UserFactory.create(), UserFactory.create()
    follow_user(follower_id=rex.id, followee_id=bella.id)

    assert follow_user(follower_id=rex.id, followee_id=bella.id) is False

    assert follows() == [(rex.id, bella.id)]
    facts = Delivery.objects.filter(task="feeds.merge_follow").count()
    assert (facts, LedgerEntry.objects.count()) == (1, 2)


@pytest.mark.django_db
def test_following_oneself_is_refused() -> None:
    rex = UserFactory.create()

    with pytest.raises(CannotFollowOneself):
        follow_user(follower_id=rex.id, followee_id=rex.id)

    assert (follows(), Delivery.objects.count(), LedgerEntry.objects.count()) == ([], 0, 0)


@pytest.mark.django_db
def test_one_follows_so_many_accounts_and_no_more(settings: Settings) -> None:
    settings.FOLLOWS_MOST = 2
    rex, *others = UserFactory.create_batch(4)
    for other in others[:2]:
        follow_user(follower_id=rex.id, followee_id=other.id)
    before = (follows(), Delivery.objects.count(), LedgerEntry.objects.count())

    with pytest.raises(TooManyFollows):
        follow_user(follower_id=rex.id, followee_id=others[2].id)

    assert follow_user(follower_id=rex.id, followee_id=others[0].id) is False
    assert (follows(), Delivery.objects.count(), LedgerEntry.objects.count()) == before
    drain()
    unfollow_user(follower_id=rex.id, followee_id=others[0].id)
    assert follow_user(follower_id=rex.id, followee_id=others[2].id) is True


@pytest.mark.django_db
def test_unfollowing_takes_the_row_and_the_counts_back() -> None:
    rex, bella = UserFactory.create(), UserFactory.create()
    follow_user(follower_id=rex.id, followee_id=bella.id)

    assert unfollow_user(follower_id=rex.id, followee_id=bella.id) is True

    assert follows() == []
    assert selectors.counts_of(user_id=rex.id) == selectors.counts_of(user_id=bella.id) == Counts(0, 0, 0)


@pytest.mark.django_db
def test_unfollowing_whom_one_does_not_follow_changes_nothing() -> None:
    rex, bella = UserFactory.create(), UserFactory.create()
    follow_user(follower_id=bella.id, followee_id=rex.id)
    before = list(LedgerEntry.objects.order_by("id").values())

    assert unfollow_user(follower_id=rex.id, followee_id=bella.id) is False

    assert follows() == [(bella.id, rex.id)]
    assert list(LedgerEntry.objects.order_by("id").values()) == before


@pytest.mark.django_db
def test_counts_are_the_same_before_and_after_the_drain() -> None:
    rex, bella = UserFactory.create(), UserFactory.create()
    follow_user(follower_id=rex.id, followee_id=bella.id)
    PostFactory.create(author=bella)
    before = selectors.counts_of(user_id=bella.id)

    drain()

    assert before == selectors.counts_of(user_id=bella.id) == Counts(followers=1, following=0, posts=1)
    bella.refresh_from_db()
    assert (bella.followers_count, bella.following_count, bella.posts_count) == (1, 0, 1)
    assert LedgerEntry.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_parallel_follows_of_one_account_are_counted_exactly() -> None:
    star, fans = UserFactory.create(), UserFactory.create_batch(6)

    def follow_twice(fan: User) -> list[bool]:
        return [follow_user(follower_id=fan.id, followee_id=star.id) for _ in range(2)]

    results = run_together(*[lambda fan=fan: follow_twice(fan) for fan in fans])

    assert results == [[True, False]] * 6
    assert selectors.counts_of(user_id=star.id).followers == 6


@pytest.mark.django_db(transaction=True)
def test_the_same_follow_many_times_at_once_is_one_follow() -> None:
    rex, bella = UserFactory.create(), UserFactory.create()

    results = run_together(*[lambda: follow_user(follower_id=rex.id, followee_id=bella.id)] * 6)

    assert sorted(results) == [False] * 5 + [True]
    assert selectors.counts_of(user_id=bella.id).followers == 1
    assert Delivery.objects.filter(task="feeds.merge_follow").count() == 1


@pytest.mark.django_db
def test_relationships_are_told_from_both_sides() -> None:
    rex, bella = UserFactory.create(), UserFactory.create()
    follow_user(follower_id=rex.id, followee_id=bella.id)

    seen = selectors.relationship(viewer_id=rex.id, user_id=bella.id)
    seen_back = selectors.relationship(viewer_id=bella.id, user_id=rex.id)

    assert seen == Relationship(following=True, followed_by=False)
    assert seen_back == Relationship(following=False, followed_by=True)


@pytest.mark.django_db
@pytest.mark.parametrize("email", ["boſs@example.test", "BOſS@example.test"])
def test_an_address_that_only_looks_like_another_opens_no_account(email: str) -> None:
    register(email="boss@example.test")

    with pytest.raises(WrongCredentials):
        authenticate_user(username=email, password=PASSWORD)
    assert authenticate_user(username="BOSS@example.test", password=PASSWORD).username == "rex"


@pytest.mark.django_db
def test_an_address_is_looked_up_by_the_index_that_keeps_it_unique() -> None:
    statement, parameters = User.objects.signing_in().with_email("rex@example.test").query.sql_with_params()
    fill_accounts(5_000)

    plan = plan_of(statement, parameters)

    assert (plan.indexes(), plan.scanned_whole()) == ({"user_email_unique"}, set())
