from django.urls import path

from accounts.api.list_views import BlocksView, FollowersView, FollowingView, MutesView, SearchView
from accounts.api.me_views import ExportView, MeView
from accounts.api.oauth_views import IdentitiesView, OAuthLinkView, OAuthView
from accounts.api.password_views import (
    EmailResendView,
    EmailVerifyView,
    PasswordChangeView,
    PasswordResetConfirmView,
    PasswordResetView,
)
from accounts.api.session_views import RefreshView, RevokeView, SessionsView, SessionView
from accounts.api.user_views import UserViewSet
from accounts.api.views import RegisterView, TokenView

urlpatterns = [
    path("auth/register", RegisterView.as_view(), name="register"),
    path("auth/token", TokenView.as_view(), name="token"),
    path("auth/token/refresh", RefreshView.as_view(), name="token-refresh"),
    path("auth/token/revoke", RevokeView.as_view(), name="token-revoke"),
    path("auth/oauth", IdentitiesView.as_view(), name="oauth-identities"),
    path("auth/oauth/<str:provider>", OAuthView.as_view(), name="oauth"),
    path("auth/oauth/<str:provider>/link", OAuthLinkView.as_view(), name="oauth-link"),
    path("auth/sessions", SessionsView.as_view(), name="sessions"),
    path("auth/sessions/<str:id>", SessionView.as_view(), name="session"),
    path("auth/password/change", PasswordChangeView.as_view(), name="password-change"),
    path("auth/password/reset", PasswordResetView.as_view(), name="password-reset"),
    path("auth/password/reset/confirm", PasswordResetConfirmView.as_view(), name="password-reset-confirm"),
    path("auth/email/verify", EmailVerifyView.as_view(), name="email-verify"),
    path("auth/email/verify/resend", EmailResendView.as_view(), name="email-verify-resend"),
    path("users", SearchView.as_view(), name="users"),
    path("users/me", MeView.as_view(), name="me"),
    path("users/me/export", ExportView.as_view(), name="me-export"),
    path("users/me/blocks", BlocksView.as_view(), name="me-blocks"),
    path("users/me/mutes", MutesView.as_view(), name="me-mutes"),
    path("users/<str:username>", UserViewSet.as_view({"get": "retrieve"}), name="user"),
    path("users/<str:username>/followers", FollowersView.as_view(), name="user-followers"),
    path("users/<str:username>/following", FollowingView.as_view(), name="user-following"),
    path(
        "users/<str:username>/follow",
        UserViewSet.as_view({"post": "follow", "delete": "unfollow"}),
        name="user-follow",
    ),
    path(
        "users/<str:username>/block",
        UserViewSet.as_view({"post": "block", "delete": "unblock"}),
        name="user-block",
    ),
    path(
        "users/<str:username>/mute",
        UserViewSet.as_view({"post": "mute", "delete": "unmute"}),
        name="user-mute",
    ),
]
