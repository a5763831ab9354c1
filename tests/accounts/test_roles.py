import pytest
from django.urls import resolve, reverse

from accounts.models import Role

OWNER, ADMIN, EDITOR, VIEWER = Role


@pytest.mark.parametrize(
    ("name", "args", "needed"),
    [
        ("people", [], VIEWER),
        ("activity", [], VIEWER),
        ("invitation_new", [], ADMIN),
        ("invitation_revoke", [1], ADMIN),
        ("membership_role", [1], ADMIN),
        ("membership_remove", [1], ADMIN),
    ],
)
def test_owner_and_admin_manage_people_everybody_sees_them(name, args, needed):
    assert resolve(reverse(name, args=["shop", *args])).func.required_role == needed


@pytest.mark.parametrize(
    ("role", "included"),
    [
        (OWNER, [OWNER, ADMIN, EDITOR, VIEWER]),
        (ADMIN, [ADMIN, EDITOR, VIEWER]),
        (EDITOR, [EDITOR, VIEWER]),
        (VIEWER, [VIEWER]),
    ],
)
def test_each_role_can_do_what_the_lower_ones_can(role, included):
    assert [other for other in Role if role.includes(other)] == included


@pytest.mark.parametrize(
    ("role", "grantable"),
    [(OWNER, [OWNER, ADMIN, EDITOR, VIEWER]), (ADMIN, [ADMIN, EDITOR, VIEWER]), (EDITOR, []), (VIEWER, [])],
)
def test_only_who_manages_people_gives_roles_and_none_above_their_own(role, grantable):
    assert [other for other in Role if role.may_grant(other)] == grantable
