from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import mail, passwords
from accounts.api.serializers import EmailText, NewPassword
from puppies.api.serializers import Input, Text
from puppies.viewer import viewer_of


class PasswordChangeInput(Input):
    current_password = Text(max_length=256, trim_whitespace=False)
    new_password = NewPassword()


class PasswordResetInput(Input):
    email = EmailText()


class PasswordResetConfirmInput(Input):
    token = Text(max_length=256)
    new_password = NewPassword()


class EmailVerifyInput(Input):
    token = Text(max_length=256)


class PasswordChangeView(APIView):
    @extend_schema(
        request=PasswordChangeInput, responses={204: None}, summary="Change the password", tags=["auth"]
    )
    def post(self, request: Request) -> HttpResponse:
        """Choose a new password. Every other session ends at once; this one goes on. 400 `wrong_password` or `weak_password`."""
        body = PasswordChangeInput(data=request.data)
        body.is_valid(raise_exception=True)
        viewer = viewer_of(request)
        passwords.change_password(user_id=viewer.id, session_id=viewer.session_id, **body.validated_data)
        return Response(status=status.HTTP_204_NO_CONTENT)


class PasswordResetView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        request=PasswordResetInput, responses={202: None}, summary="Forgot the password", tags=["auth"]
    )
    def post(self, request: Request) -> HttpResponse:
        """Ask for a mail with a token that resets the password. 202 whether or not an account has the address."""
        body = PasswordResetInput(data=request.data)
        body.is_valid(raise_exception=True)
        mail.request_reset(**body.validated_data)
        return Response(status=status.HTTP_202_ACCEPTED)


class PasswordResetConfirmView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        request=PasswordResetConfirmInput, responses={204: None}, summary="Reset the password", tags=["auth"]
    )
    def post(self, request: Request) -> HttpResponse:
        """Choose a new password with the token from the mail, good once. Every session ends, and every linked identity is unlinked.

        400 `invalid_email_token`, or 400 `weak_password`, after which the token is still good.
        """
        body = PasswordResetConfirmInput(data=request.data)
        body.is_valid(raise_exception=True)
        passwords.confirm_reset(**body.validated_data)
        return Response(status=status.HTTP_204_NO_CONTENT)


class EmailVerifyView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        request=EmailVerifyInput, responses={204: None}, summary="Verify the address", tags=["auth"]
    )
    def post(self, request: Request) -> HttpResponse:
        """Verify the e-mail address with the token from the mail, good once. 400 `invalid_email_token`.

        The first time unlinks the identities that were linked before it; when there was one, every session ends.
        """
        body = EmailVerifyInput(data=request.data)
        body.is_valid(raise_exception=True)
        passwords.verify_email(**body.validated_data)
        return Response(status=status.HTTP_204_NO_CONTENT)


class EmailResendView(APIView):
    @extend_schema(request=None, responses={202: None}, summary="Send the verification again", tags=["auth"])
    def post(self, request: Request) -> HttpResponse:
        """Ask for the verifying mail again; nothing is sent once the address is verified."""
        passwords.resend_verification(user_id=viewer_of(request).id)
        return Response(status=status.HTTP_202_ACCEPTED)
