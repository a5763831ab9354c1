from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from . import invitations, services
from .access import TeamRequest, memberships, team_view
from .activity import line
from .forms import ActivityFilter, InvitationForm, ProfileForm, RoleForm
from .models import Invitation, Membership, Role
from .people_page import invitation_row, member_row

ACTIVITIES_PER_PAGE = 50


@login_not_required
def home(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return render(request, "home.html")
    mine = memberships(request)
    if mine:
        return redirect(mine[0].team)
    return render(request, "accounts/no_team.html")


def account(request: HttpRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, gettext("Saved."))
        return redirect("account")
    return render(request, "accounts/account.html", {"form": form})


# -- Invitations, for those who were invited ---------------------------------------------------------------------


@login_not_required
@never_cache
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """The page to which the link in the mail leads. It changes nothing, since mail scanners open links too."""
    found = Invitation.objects.with_token(token).first()
    if found is None or found.state != "open":
        return _unusable(request, found)
    invitations.remember(request, found)
    return redirect("invitation_answer")


@login_not_required
@never_cache
def invitation_answer(request: HttpRequest) -> HttpResponse:
    found = invitations.remembered(request)
    if found is None or found.state != "open":
        return _unusable(request, found)
    if request.method == "POST" and request.user.is_authenticated:
        try:
            services.accept_invitation(found, request.user)
        except services.RuleViolation as refused:
            messages.error(request, str(refused))
            return redirect("invitation_answer")
        invitations.forget(request)
        messages.success(request, gettext("You joined {team}.").format(team=found.team))
        return redirect(found.team)
    return render(request, "accounts/invitation.html", {"invitation": found})


def _unusable(request: HttpRequest, found: Invitation | None) -> HttpResponse:
    context = {"invitation": found, "state": found.state if found else "unknown"}
    return render(request, "accounts/invitation_unusable.html", context, status=410 if found else 404)


# -- People of a team ----------------------------------------------------------------------------------------


@team_view(Role.VIEWER)
def people(request: TeamRequest) -> HttpResponse:
    members = request.team.memberships.select_related("user")
    invitations = request.team.invitations.unanswered().select_related("invited_by")
    context = {
        "members": [member_row(member, request.membership) for member in members],
        "invitations": [invitation_row(invitation, request.team) for invitation in invitations],
    }
    return render(request, "accounts/people.html", context)


@team_view(Role.ADMIN)
def invitation_new(request: TeamRequest) -> HttpResponse:
    form = InvitationForm(request.POST or None, granter=request.membership, initial={"role": Role.EDITOR})
    if request.method == "POST" and form.is_valid():
        email, role = form.cleaned_data["email"], form.cleaned_data["role"]
        try:
            services.invite(
                request.team,
                request.user,
                email,
                role,
                link_to=lambda token: request.build_absolute_uri(reverse("invitation", args=[token])),
            )
        except services.RuleViolation as refused:
            form.add_error("email", str(refused))
        else:
            messages.success(request, gettext("Invitation sent to {email}.").format(email=email))
            return redirect("people", request.team.slug)
    context = {"form": form, "days": settings.INVITATION_DAYS}
    return render(request, "accounts/invitation_new.html", context)


@team_view(Role.ADMIN)
@require_POST
def invitation_revoke(request: TeamRequest, invitation_id: int) -> HttpResponse:
    found = get_object_or_404(request.team.invitations, pk=invitation_id)
    try:
        services.revoke_invitation(found, request.user)
    except services.RuleViolation as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, gettext("The invitation of {email} is revoked.").format(email=found))
    return redirect("people", request.team.slug)


@team_view(Role.ADMIN)
def membership_role(request: TeamRequest, membership_id: int) -> HttpResponse:
    member = _changeable_member(request, membership_id)
    form = RoleForm(request.POST or None, granter=request.membership, initial={"role": member.role})
    if request.method == "POST" and form.is_valid():
        role = form.cleaned_data["role"]
        try:
            services.change_role(member, role, request.user)
        except services.RuleViolation as refused:
            form.add_error("role", str(refused))
        else:
            text = gettext("The role of {member} is now {role}.")
            messages.success(request, text.format(member=member, role=role.label.lower()))
            return redirect("people", request.team.slug)
    return render(request, "accounts/membership_role.html", {"form": form, "member": member})


@team_view(Role.ADMIN)
def membership_remove(request: TeamRequest, membership_id: int) -> HttpResponse:
    member = _changeable_member(request, membership_id)
    if request.method == "POST":
        try:
            services.remove_member(member, request.user)
        except services.RuleViolation as refused:
            messages.error(request, str(refused))
        else:
            messages.success(
                request, gettext("{member} is no longer in {team}.").format(member=member, team=request.team)
            )
            if member.user == request.user:
                return redirect("home")
        return redirect("people", request.team.slug)
    return render(request, "accounts/membership_remove.html", {"member": member})


def _changeable_member(request: TeamRequest, membership_id: int) -> Membership:
    member = get_object_or_404(request.team.memberships.select_related("user", "team"), pk=membership_id)
    if not request.membership.may_change(member):
        raise PermissionDenied
    return member


# -- Activity ------------------------------------------------------------------------------------------------


@team_view(Role.VIEWER)
def activity(request: TeamRequest) -> HttpResponse:
    chosen = ActivityFilter(request.GET, request.team)
    page = Paginator(chosen.found(), ACTIVITIES_PER_PAGE).get_page(request.GET.get("page"))
    context = {"filter": chosen, "page_obj": page, "lines": [line(activity) for activity in page]}
    return render(request, "accounts/activity.html", context)
