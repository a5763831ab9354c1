"""The parts that pages are made of: template tags, forms, components, colours, the frame."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import timezone
from django.utils.safestring import mark_safe

from pixelhub.components import Action, Banner, CodeBlock
from pixels.models.badge import Badge

TEMPLATES = settings.BASE_DIR / "templates"
SPRITE = settings.BASE_DIR / "static/icons/sprite.svg"


def render(source, **context):
    return Template("{% load ui %}" + source).render(Context(context))


def words(html):
    """What a person reads: no tags, no runs of blanks."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", "", html))).strip()


# -- Template tags ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "reads"),
    [
        (timedelta(seconds=3), "just now"),
        (timedelta(seconds=50), "1 min ago"),
        (timedelta(minutes=59, seconds=30), "59 min ago"),
        (timedelta(hours=5), "5 h ago"),
        (timedelta(days=1, hours=2), "1 day ago"),
        (timedelta(days=29), "29 days ago"),
        (timedelta(seconds=-3), "in a moment"),
        (timedelta(minutes=-10, seconds=-1), "in 10 min"),
    ],
)
def test_a_time_reads_relative_to_now(before, reads):
    assert words(render("{% ago when %}", when=timezone.now() - before)).startswith(f"{reads} (")


def test_a_time_of_long_ago_reads_as_its_date():
    assert words(render("{% ago when %}", when=datetime(2020, 2, 3, 4, 5, 6, tzinfo=UTC))).startswith("3 Feb 2020 (")


def test_a_time_carries_the_exact_one_in_the_users_zone():
    when = datetime(2020, 2, 3, 23, 5, 6, tzinfo=UTC)
    with timezone.override(ZoneInfo("Europe/Berlin")):
        html = render("{% ago when %}", when=when)
    assert 'title="4 Feb 2020, 00:05:06 Europe/Berlin"' in html
    assert '<span class="visually-hidden"> (4 Feb 2020, 00:05:06 Europe/Berlin)</span>' in html
    assert 'datetime="2020-02-03T23:05:06+00:00"' in html


def test_no_time_reads_never():
    assert render("{% ago when %}", when=None) == "never"


def test_an_icon_says_nothing_to_a_screen_reader():
    html = render('{% icon "plus" %}')
    assert 'aria-hidden="true"' in html
    assert 'href="/static/icons/sprite.svg#plus"' in html


def test_a_chip_has_the_word_beside_the_colour_and_escapes_the_providers_word():
    html = render("{% chip badge %}", badge=Badge("live", "check", "Live", word="<b>active</b>"))
    assert "chip-live" in html
    assert words(html) == "Live<b>active</b>"
    assert "&lt;b&gt;active" in html


def test_a_chip_without_a_providers_word_shows_ours_alone():
    assert words(render("{% chip badge %}", badge=Badge("waiting", "clock", "Queued"))) == "Queued"


def test_a_mark_is_the_first_letter_and_keeps_its_tint():
    assert words(render('{% mark "xandr" %}')) == "X"
    assert render('{% mark "Xandr" %}') == render('{% mark "Xandr" %}')
    assert render('{% mark "<" %}').count("&lt;") == 1


def test_every_icon_that_is_used_is_in_the_sprite():
    drawn = set(re.findall(r'<symbol id="([^"]+)"', SPRITE.read_text()))
    in_templates = r'(?:\{% icon |icon=|nav_link url "[^"]+" |\{% (?:banner|plain_chip) "[a-z]+" )"([^"]+)"'
    tone = '"(?:live|waiting|needs|failed|unknown|sandbox)"'
    in_code = {
        "pixels/models": [rf'\({tone}, "([a-z0-9-]+)"'],
        "pixels/views": [
            rf'Banner\(\s*{tone},\s+"([a-z0-9-]+)"',
            r'icon="([a-z0-9-]+)"',
            rf'"([a-z0-9-]+)", {tone}, _\(',
        ],
    }
    used = set()
    for template in TEMPLATES.rglob("*.html"):
        used |= set(re.findall(in_templates, template.read_text()))
    for directory, patterns in in_code.items():
        for module in (settings.BASE_DIR / directory).glob("*.py"):
            used |= {icon for pattern in patterns for icon in re.findall(pattern, module.read_text())}
    assert {"plus", "grid-dots", "arrows-diff", "plug-x", "trash-x"} <= used
    assert used - drawn == set()


def test_the_sprite_holds_what_its_list_names():
    listed = (settings.BASE_DIR / "static/icons/icons.txt").read_text().split()
    assert sorted(listed) == re.findall(r'<symbol id="([^"]+)"', SPRITE.read_text())


# -- Forms --------------------------------------------------------------------------------------------------


class PixelForm(forms.Form):
    name = forms.CharField(label="Name", help_text="At most 255 characters, no <.", max_length=255)
    site = forms.CharField(label="Website", required=False)
    mode = forms.ChoiceField(label="Mode", choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)
    keep = forms.BooleanField(label="Keep it", required=False)
    token = forms.CharField(widget=forms.HiddenInput)

    def clean(self):
        raise forms.ValidationError("Xandr refused <this>.")


def test_a_field_is_named_by_its_label_and_described_by_its_hint():
    html = PixelForm()["name"].as_field_group()
    assert '<label for="id_name">Name</label>' in html
    assert 'aria-describedby="id_name_helptext"' in html
    assert 'id="id_name_helptext">At most 255 characters, no &lt;.</div>' in html
    assert html.index("<label") < html.index("helptext") < html.index("<input")


def test_a_hint_made_by_code_may_hold_a_link():
    form = PixelForm()
    form.fields["name"].help_text = mark_safe('<a href="/help">Help</a>')
    assert '<a href="/help">Help</a>' in form["name"].as_field_group()


def test_an_error_stands_below_its_field_and_is_tied_to_it():
    html = PixelForm({})["name"].as_field_group()
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert html.index("<input") < html.index('id="id_name_error"')
    assert "This field is required." in words(html[html.index('id="id_name_error"') :])


def test_only_what_may_be_left_out_is_marked_and_not_in_its_name():
    assert "Optional" not in PixelForm()["name"].as_field_group()
    html = PixelForm()["site"].as_field_group()
    assert '<label for="id_site">Website</label>' in html
    assert "Optional" in html


def test_radio_buttons_are_one_group_with_a_legend():
    html = PixelForm({})["mode"].as_field_group()
    assert html.startswith("<fieldset") and html.endswith("</fieldset>")
    assert "<legend>Mode</legend>" in html
    assert 'aria-describedby="id_mode_error"' in html
    assert 'id="id_mode_error"' in html


def test_a_checkbox_stands_inside_its_label():
    html = PixelForm()["keep"].as_field_group()
    assert re.search(r"<label><input [^>]*> <span>Keep it</span></label>", html)


def test_a_whole_form_shows_its_own_errors_and_hidden_fields_once():
    html = str(PixelForm({"name": "x"}))
    assert html.count('name="token"') == html.count('name="name"') == 1
    assert 'role="alert"' in html
    assert "Xandr refused &lt;this&gt;." in html


# -- Components ---------------------------------------------------------------------------------------------


def test_the_copy_button_gets_the_stored_string_and_the_page_shows_it_escaped():
    code = '<script>alert("</script>")</script>\r\n'
    block = CodeBlock("one", "Tag", code, copy_label="Copy tag")
    html = render_to_string("components/code.html", {"block": block})
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert" in html
    assert '<script id="one" type="application/json">"\\u003Cscript\\u003E' in html
    assert 'data-copy="one"' in html
    assert "Copy tag" in words(html)


def test_a_button_posts_to_its_view_in_a_form_of_its_own():
    html = render(
        '{% action _("Sign out") "account_logout" style="quiet" spoken=_("Sign out here") %}', csrf_token="abc"
    )
    assert re.search(r'<form method="post" action="/accounts/logout/">', html)
    assert 'name="csrfmiddlewaretoken" value="abc"' in html
    assert re.search(r'<button\s+class="btn btn-quiet btn-sm"\s+aria-label="Sign out here">', html)
    assert words(html) == "Sign out"


def test_a_button_posts_its_own_value_and_hidden_fields():
    button = Action("Adopt", "/drift/", name="action", value="adopt", fields=(("field", "<name>"), ("shown", "1")))
    html = render_to_string("components/action.html", {"action": button})
    assert re.search(r'<button [^>]*name="action" value="adopt"', html.replace("\n", " "))
    assert '<input type="hidden" name="field" value="&lt;name&gt;">' in html
    assert '<input type="hidden" name="shown" value="1">' in html


def test_an_action_may_be_a_link_that_posts_nothing():
    html = render_to_string("components/action.html", {"action": Action("Edit", "/edit/", is_link=True)})
    assert "<form" not in html and 'href="/edit/"' in html
    assert words(html) == "Edit"


def test_a_banner_shows_its_parts_in_order_and_escapes_what_is_not_marked_safe():
    retry = Action("Retry", "/retry/")
    shown = Banner("failed", "x", "Not <sent>", ("One.", mark_safe("<b>Two</b>.")), (retry,), is_alert=True)
    html = render_to_string("components/banner.html", {"banner": shown})
    assert re.search(r'<div class="banner banner-failed" role="alert">', html)
    assert "Not &lt;sent&gt;" in html and "<b>Two</b>" in html
    assert words(html) == "Not <sent> One.Two. Retry"


def test_a_banner_of_a_template_holds_what_is_written_inside_and_a_button():
    source = """{% action "Sign out" "account_logout" as out %}
        {% banner "needs" "clock" "Late" button=out %}<p>{{ why }}</p>{% endbanner %}"""
    html = render(source, why="<slow>")
    assert "role=" not in html and "banner-needs" in html
    assert words(html) == "Late <slow> Sign out"
    assert html.index("&lt;slow&gt;") < html.index("/accounts/logout/")


def test_a_fact_is_a_label_with_what_is_written_inside():
    html = render("{% fact label %}{{ name }}{% endfact %}", label="Web<site>", name="<b>")
    assert html == "<div><dt>Web&lt;site&gt;</dt><dd>&lt;b&gt;</dd></div>"


def test_a_copy_button_has_the_text_and_a_name():
    html = render('{% copy_button "</script>" "Copy id" "one" %}')
    assert '<script id="one" type="application/json">"\\u003C/script\\u003E"</script>' in html
    assert re.search(r'data-copy="one"\s+aria-label="Copy id"', html)


def test_the_name_to_type_guards_the_button_and_an_error_is_tied_to_it():
    context = {"text": "<Shop>", "label": "Delete", "cancel_url": "/back/", "error": "That is not it."}
    html = render_to_string("components/confirm.html", context)
    assert 'data-confirm="&lt;Shop&gt;"' in html
    assert 'aria-describedby="confirm-error"' in html and 'id="confirm-error"' in html
    assert words(html) == "Type the name to confirm That is not it. Delete Cancel"


def test_the_pager_keeps_the_question():
    request = RequestFactory().get("/", {"q": "a&b", "page": "2"})
    page = Paginator(range(30), 10).page(2)
    html = unescape(render_to_string("components/pager.html", {"page_obj": page}, request))
    assert 'href="?q=a%26b&page=1"' in html
    assert 'href="?q=a%26b&page=3"' in html
    assert "of 30 Previous Page 2 of 3 Next" in words(html)


def test_no_template_has_anything_inline():
    """The Content-Security-Policy would silence it: no style attribute, handler or script text."""
    for template in TEMPLATES.rglob("*.html"):
        text = template.read_text()
        assert not re.search(r"\sstyle=|<style|\son[a-z]+=", text), template
        assert not re.search(r"<script(?![^>]*(\ssrc=|application/json))", text), template


# -- Colours ------------------------------------------------------------------------------------------------

TINTED = ["live", "waiting", "needs", "failed", "unknown", "sandbox", *(f"mark-{tint}" for tint in range(6))]
PAIRS = [
    *((text, ground) for text in ("text", "muted", "accent") for ground in ("page", "surface")),
    *((name, f"{name}-tint") for name in TINTED),
    *(("text", ground) for ground in ("sunken", "accent-tint")),
    *(("on-accent", ground) for ground in ("accent", "accent-strong")),
    *(("failed", "surface"), ("failed", "page"), ("on-failed", "failed")),
]


def luminance(colour):
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_every_text_can_be_read_on_its_ground(mode):
    css = (settings.BASE_DIR / "static/css/pixelhub.css").read_text()
    block = re.search(rf'\[data-bs-theme="{mode}"\] \{{(.*?)\n\}}', css, re.S)[1]
    token = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
    for text, ground in PAIRS:
        darker, lighter = sorted((luminance(token[text]), luminance(token[ground])))
        assert (lighter + 0.05) / (darker + 0.05) >= 5.7, (text, ground)


# -- The frame ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Overview", "Pixels", "Websites", "Connections", "Activity", "People", "Account"])
def test_the_left_bar_links_by_exactly_one_word(alice, browser_of, name):
    html = browser_of(alice).get("/t/shop/people/").content.decode()
    links = [words(link) for link in re.findall(r"<a [^>]*>.*?</a>", html, re.S)]
    assert links.count(name) == 1


def test_the_left_bar_tells_where_one_is(alice, browser_of):
    html = browser_of(alice).get("/t/shop/people/").content.decode()
    current = re.findall(r'<a [^>]*aria-current="page"[^>]*>.*?</a>', html, re.S)
    assert [words(link) for link in current] == ["People"]


def test_the_left_bar_knows_the_section_of_a_page_deeper_down(alice, browser_of):
    html = browser_of(alice).get("/t/shop/people/invite/").content.decode()
    current = re.findall(r'<a [^>]*aria-current="true"[^>]*>.*?</a>', html, re.S)
    assert [words(link) for link in current] == ["People"]


def test_the_theme_is_the_users(alice, browser_of):
    alice.theme = "dark"
    alice.save()
    assert '<html lang="en" data-theme="dark" data-bs-theme="dark">' in (
        browser_of(alice).get("/t/shop/people/").content.decode()
    )


def test_signing_out_takes_a_post(alice, browser_of):
    html = browser_of(alice).get("/t/shop/people/").content.decode()
    assert re.search(r'<form method="post" action="/accounts/logout/">.*?>Sign out</button>', html, re.S)
