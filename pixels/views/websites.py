from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.access import TeamRequest, team_view
from accounts.models import Role
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
    return render(request, "pixels/website_list.html", {"page_obj": page, "archived": archived})


@team_view(Role.EDITOR)
def new(request: TeamRequest) -> HttpResponse:
    form = WebsiteForm(request.POST or None, instance=Website(team=request.team))
    if request.method == "POST" and form.is_valid():
        website = services.add_website(request.team, request.user, **form.cleaned_data)
        messages.success(request, f"{website} is in your list.")
        return redirect("website_list", request.team.slug)
    return render(request, "pixels/website_form.html", {"form": form})


@team_view(Role.EDITOR)
def edit(request: TeamRequest, website_id: int) -> HttpResponse:
    website = get_object_or_404(Website.objects.for_team(request.team), pk=website_id)
    form = WebsiteForm(request.POST or None, instance=website)
    if request.method == "POST" and form.is_valid():
        services.change_website(form.instance, request.user)
        messages.success(request, f"{website} is saved.")
        return redirect("website_list", request.team.slug)
    return render(request, "pixels/website_form.html", {"form": form, "website": website})


@require_POST
@team_view(Role.EDITOR)
def archive(request: TeamRequest, website_id: int) -> HttpResponse:
    website = get_object_or_404(Website.objects.for_team(request.team), pk=website_id)
    services.archive_website(website, request.user)
    messages.success(request, f"{website} is archived. Its pixels stay.")
    return redirect("website_list", request.team.slug)


@require_POST
@team_view(Role.EDITOR)
def restore(request: TeamRequest, website_id: int) -> HttpResponse:
    website = get_object_or_404(Website.objects.for_team(request.team), pk=website_id)
    services.restore_website(website, request.user)
    messages.success(request, f"{website} is back.")
    return redirect("website_list", request.team.slug)
