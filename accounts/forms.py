from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from allauth.account import forms as allauth_forms
from allauth.core import context
from django import forms
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from . import invitations, services
from .activity import KINDS
from .models import Activity, Membership, Role, Team, User

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise


def new_password(field: forms.Field, label: _StrOrPromise) -> None:
    field.label, field.help_text = label, _("At least 8 characters, not only digits, nothing widely used.")
    field.widget.attrs = {"autocomplete": "new-password"}


class LoginForm(allauth_forms.LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("Email")
        self.fields["login"].widget.attrs = {"type": "email", "autocomplete": "username"}
        self.fields["password"].widget.attrs = {"autocomplete": "current-password"}
        self.fields["password"].help_text = ""  # the page itself links to "Forgot your password"
        invitation = invitations.remembered(self.request) if self.request else None
        if invitation:
            self.fields["login"].initial = invitation.email


class SignupForm(allauth_forms.SignupForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].widget.attrs = {"type": "email", "autocomplete": "email"}
        invitation = invitations.remembered(context.request)
        if invitation:
            self.fields["email"].initial = invitation.email
        new_password(self.fields["password1"], _("Password"))

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """Create the user, the address and the first team, or none of them."""
        try:
            with transaction.atomic():
                user, response = super().try_save(request)
                if user and not self._is_invited(request, user):
                    services.create_team(user, name=user.email)
        except IntegrityError:
            # Someone (a double click, most likely) took the address since it was checked.
            return None, redirect("account_login")
        return user, response

    def _is_invited(self, request: HttpRequest, user: User) -> bool:
        invitation = invitations.remembered(request)
        if invitation is None:
            return False
        try:
            services.accept_invitation(invitation, user)
        except services.RuleViolation:
            return False
        return True


class ResetPasswordForm(allauth_forms.ResetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("Email")
        self.fields["email"].widget.attrs = {"type": "email", "autocomplete": "email"}


class NewPasswordForm:
    """What both forms for a new password share: the one reached by a link from a mail, and the one for signed-in
    people."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        new_password(self.fields["password1"], _("New password"))
        self.fields["password2"].label = _("New password once more")
        self.fields["password2"].widget.attrs = {"autocomplete": "new-password"}


class ResetPasswordKeyForm(NewPasswordForm, allauth_forms.ResetPasswordKeyForm):
    pass


class ChangePasswordForm(NewPasswordForm, allauth_forms.ChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"].label = _("Current password")
        self.fields["oldpassword"].widget.attrs = {"autocomplete": "current-password"}


@cache
def time_zones() -> list[tuple[str, str]]:
    places = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))
    return [(zone, zone.replace("_", " ")) for zone in ("UTC", *places)]


class ProfileForm(forms.ModelForm):
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=time_zones)

    class Meta:
        model = User
        fields = ["name", "theme", "time_zone"]
        labels = {"name": _("Name"), "theme": _("Theme")}
        help_texts = {"name": _("What your team calls you.")}
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "name"})}


class RoleForm(forms.Form):
    def __init__(self, *args: Any, granter: Membership, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        grantable = [role for role in reversed(Role) if Role(granter.role).may_grant(role)]
        self.fields["role"] = forms.ChoiceField(
            label=_("Role"),
            choices=[(role.value, role.label) for role in grantable],
            help_text=_(
                "Viewers look. Editors manage pixels and websites. Admins also manage people and "
                "connections. Owners can do everything, and only they make or change owners."
            ),
        )

    def clean_role(self) -> Role:
        return Role(self.cleaned_data["role"])


class InvitationForm(RoleForm):
    email = forms.EmailField(label=_("Email"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off"}))


class ActivityFilter(forms.Form):
    """Both lists of choices come from the log itself, since it also names people who left and kinds of other apps."""

    def __init__(self, data: QueryDict, team: Team) -> None:
        super().__init__(data)
        self.activities = Activity.objects.filter(team=team)
        self.fields["person"] = self._choice_of("actor_label", {}, _("Person"), _("Everyone"))
        self.fields["kind"] = self._choice_of("kind", KINDS, _("Kind"), _("Everything"))
        self.full_clean()  # a value that isn't on its list filters nothing

    def _choice_of(
        self, column: str, words: Mapping[str, _StrOrPromise], name: _StrOrPromise, everything: _StrOrPromise
    ) -> forms.ChoiceField:
        """`words`: how values of the column are shown, where not as they are."""
        values = self.activities.order_by(column).values_list(column, flat=True).distinct()
        return forms.ChoiceField(
            required=False,
            choices=[("", everything), *((value, words.get(value, value)) for value in values)],
            widget=forms.Select(attrs={"aria-label": name}),
        )

    @property
    def active(self) -> bool:
        return any(self.cleaned_data.values())

    def found(self) -> QuerySet[Activity]:
        wanted = {"actor_label": self.cleaned_data.get("person"), "kind": self.cleaned_data.get("kind")}
        return self.activities.filter(**{column: value for column, value in wanted.items() if value})
