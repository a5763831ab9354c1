from django.urls import path

from . import views

urlpatterns = [
    path("", views.home, name="home"),
    path("account/", views.account, name="account"),
    path("invitations/", views.invitation_answer, name="invitation_answer"),
    path("invitations/<str:token>/", views.invitation, name="invitation"),
]

# The addresses below /t/<slug:team_slug>/
team_urlpatterns = [
    path("people/", views.people, name="people"),
    path("people/invite/", views.invitation_new, name="invitation_new"),
    path("people/invitations/<int:invitation_id>/revoke/", views.invitation_revoke, name="invitation_revoke"),
    path("people/<int:membership_id>/role/", views.membership_role, name="membership_role"),
    path("people/<int:membership_id>/remove/", views.membership_remove, name="membership_remove"),
    path("activity/", views.activity, name="activity"),
]
