from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from accounts.urls import team_urlpatterns
from accounts.urls import urlpatterns as account_urlpatterns
from pixels.urls import urlpatterns as pixel_urlpatterns

from .health import healthz
from .views import favicon

admin.site.site_header = admin.site.site_title = "PixelHub admin"
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("favicon.ico", favicon),
    path("admin/", admin.site.urls),
    # A person has one address only, so links to manage addresses lead to the account page.
    path("accounts/email/", RedirectView.as_view(pattern_name="account")),
    path("accounts/", include("allauth.urls")),
    path("t/<slug:team_slug>/", include([*pixel_urlpatterns, *team_urlpatterns])),
    *account_urlpatterns,
]

handler403 = "pixelhub.views.permission_denied"
handler404 = "pixelhub.views.not_found"
handler500 = "pixelhub.views.server_error"
