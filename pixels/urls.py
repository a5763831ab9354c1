"""The addresses below /t/<slug:team_slug>/."""

from django.urls import path

from .views import connections, new_pixel, overview, pixel, pixel_list, websites

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("pixels/", pixel_list.pixel_list, name="pixel_list"),
    path("pixels/new/", new_pixel.new_pixel, name="pixel_new"),
    path("pixels/new/plan/", new_pixel.plan, name="pixel_plan"),
    path("pixels/<uuid:pixel_id>/", pixel.show, name="pixel"),
    path("pixels/<uuid:pixel_id>/edit/", pixel.edit, name="pixel_edit"),
    path("pixels/<uuid:pixel_id>/state/", pixel.state, name="pixel_state"),
    path("pixels/<uuid:pixel_id>/retry/", pixel.retry, name="pixel_retry"),
    path("pixels/<uuid:pixel_id>/cancel/", pixel.cancel, name="pixel_cancel"),
    path("pixels/<uuid:pixel_id>/drift/", pixel.drift, name="pixel_drift"),
    path("pixels/<uuid:pixel_id>/there/", pixel.confirm_exists, name="pixel_confirm_exists"),
    path("pixels/<uuid:pixel_id>/absent/", pixel.confirm_absent, name="pixel_confirm_absent"),
    path("pixels/<uuid:pixel_id>/dismiss/", pixel.dismiss, name="pixel_dismiss"),
    path("pixels/<uuid:pixel_id>/delete/", pixel.delete, name="pixel_delete"),
    path("pixels/<uuid:pixel_id>/archive/", pixel.archive, name="pixel_archive"),
    path("pixels/<uuid:pixel_id>/restore/", pixel.restore, name="pixel_restore"),
    path("pixels/<uuid:pixel_id>/website/", pixel.website, name="pixel_website"),
    path("pixels/<uuid:pixel_id>/snippet/", pixel.tag_values, name="pixel_tag_values"),
    path("websites/", websites.website_list, name="website_list"),
    path("websites/new/", websites.new, name="website_new"),
    path("websites/<int:website_id>/", websites.edit, name="website_edit"),
    path("websites/<int:website_id>/archive/", websites.archive, name="website_archive"),
    path("websites/<int:website_id>/restore/", websites.restore, name="website_restore"),
    path("connections/", connections.connection_list, name="connection_list"),
    path("connections/new/", connections.new, name="connection_new"),
    path("connections/<uuid:connection_id>/", connections.show, name="connection"),
    path("connections/<uuid:connection_id>/test/", connections.test, name="connection_test"),
    path("connections/<uuid:connection_id>/sync/", connections.sync, name="connection_sync"),
    path("connections/<uuid:connection_id>/runs/<int:run_id>/gone/", connections.gone, name="connection_gone"),
    path(
        "connections/<uuid:connection_id>/credentials/",
        connections.credentials,
        name="connection_credentials",
    ),
    path("connections/<uuid:connection_id>/ad-accounts/", connections.ad_account, name="ad_account_new"),
    path("connections/<uuid:connection_id>/disconnect/", connections.disconnect, name="connection_disconnect"),
]
