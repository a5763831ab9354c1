from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from accounts.access import TeamRequest, team_view
from accounts.models import Membership, Role
from pixelhub.components import Action, Empty
from pixels.forms.website import WebsiteForm
from pixels.models import Website
from pixels.models.pixel import current
from pixels.services import websites as services

PER_PAGE = 50


@require_safe
@team_view(Role.VIEWER)
def website_list(request: TeamRequest) -> HttpResponse:
    archived = request.GET.get("archived") == "1"
    rows = Website.objects.for_team(request.team).filter(archived_at__isnull=not archived)
    rows = rows.annotate(pixel_count=Count("pixels", filter=current("pixels__"))).order_by("name", "pk")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page_obj": page,
        "archived": archived,
        "state": gettext("Archived websites") if archived else gettext("The sites that your snippets go on"),
        "rows": [(website, _actions(website, request.membership)) for website in page],
        "empty": _no_websites(request, archived),
    }
    return render(request, "pixels/website_list.html", context)


def _actions(website: Website, member: Membership) -> tuple[Action, ...]:
    """What this member can do with the website, as buttons of its row."""
    if not member.can_edit:
        return ()
    args = [member.team.slug, website.pk]
    if website.archived_at:
        text = gettext("Restore {website}").format(website=website)
        return (Action(gettext("Restore"), reverse("website_restore", args=args), style="quiet", spoken=text),)
    return (
        Action(
            gettext("New pixel"),
            f"{reverse('pixel_new', args=args[:1])}?website={website.pk}",
            style="quiet",
            is_link=True,
            spoken=gettext("New pixel for {website}").format(website=website),
        ),
        Action(
            gettext("Edit"),
            reverse("website_edit", args=args),
            style="quiet",
            is_link=True,
            spoken=gettext("Edit {website}").format(website=website),
        ),
        Action(
            gettext("Archive"),
            reverse("website_archive", args=args),
            style="quiet",
            spoken=gettext("Archive {website}").format(website=website),
        ),
    )


def _no_websites(request: TeamRequest, archived: bool) -> Empty:
    slug = request.team.slug
    if archived:
        return Empty(
            gettext("No archived websites"),
            gettext("Archived websites keep their pixels and can be restored."),
            url=reverse("website_list", args=[slug]),
            action=gettext("Back to websites"),
        )
    title = gettext("No websites yet")
    if not request.membership.can_edit:
        return Empty(title, gettext("Editors of this team can add them."))
    return Empty(
        title,
        gettext("A website groups the pixels of one client, so that you find their code in one place."),
        url=reverse("website_new", args=[slug]),
        action=gettext("Add website"),
    )


@team_view(Role.EDITOR)
def new(request: TeamRequest) -> HttpResponse:
    form = WebsiteForm(request.POST or None, instance=Website(team=request.team))
    if request.method == "POST" and form.is_valid():
        website = services.add_website(request.team, request.user, **form.cleaned_data)
        messages.success(request, gettext("{website} is in your list.").format(website=website))
        return redirect("website_list", request.team.slug)
    return render(request, "pixels/website_form.html", {"form": form})


@team_view(Role.EDITOR)
def edit(request: TeamRequest, website_id: int) -> HttpResponse:
    website = get_object_or_404(Website.objects.for_team(request.team), pk=website_id)
    form = WebsiteForm(request.POST or None, instance=website)
    if request.method == "POST" and form.is_valid():
        services.change_website(form.instance, request.user)
        messages.success(request, gettext("{website} is saved.").format(website=website))
        return redirect("website_list", request.team.slug)
    return render(request, "pixels/website_form.html", {"form": form, "website": website})


@require_POST
@team_view(Role.EDITOR)
def archive(request: TeamRequest, website_id: int) -> HttpResponse:
    website = get_object_or_404(Website.objects.for_team(request.team), pk=website_id)
    services.archive_website(website, request.user)
    messages.success(request, gettext("{website} is archived. Its pixels stay.").format(website=website))
    return redirect("website_list", request.team.slug)


@require_POST
@team_view(Role.EDITOR)
def restore(request: TeamRequest, website_id: int) -> HttpResponse:
    website = get_object_or_404(Website.objects.for_team(request.team), pk=website_id)
    services.restore_website(website, request.user)
    messages.success(request, gettext("{website} is back.").format(website=website))
    return redirect("website_list", request.team.slug)
