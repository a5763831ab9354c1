"""Without a mouse: everything is reached in order, the focus is visible, and it moves to the first mistake."""

from playwright.sync_api import Page, expect

from .conftest import on_postgres

pytestmark = on_postgres

# How the focused element differs from itself without focus; its accessible words; null at the end of the page.
FOCUSED = """() => {
    const element = document.activeElement;
    if (!element || element === document.body) return null;
    const look = () => {
        const row = element.closest("label") ?? element;
        const one = getComputedStyle(element), two = getComputedStyle(row);
        return [one.outlineStyle, one.outlineWidth, one.boxShadow, one.borderColor, two.outlineStyle, two.boxShadow,
                element.getBoundingClientRect().top >= 0].join();
    };
    const focused = look();
    element.blur();
    const plain = look();
    element.focus({focusVisible: true, preventScroll: true});
    const words = element.labels?.[0]?.innerText ?? element.ariaLabel ?? element.innerText;
    return {words: words.trim().replace(/\\s+/g, " "), name: element.name, seen: focused !== plain};
}"""
CONTROLS = """[...document.querySelector("main").querySelectorAll("a[href], button, input, select, textarea, summary")]
    .filter(element => !element.disabled && element.checkVisibility() && element.type !== "hidden")
    .filter(element => element.type !== "radio" || element.checked).length"""


def tab_through(page: Page) -> list[dict]:
    stops = []
    while len(stops) < 200:
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUSED)
        if stop is None:
            break
        stops.append(stop)
    return stops


def test_signing_in_without_a_mouse(page, alice):
    alice.button("Sign out").click()
    page.goto("/accounts/login/")
    page.evaluate("document.activeElement.blur()")
    stops = tab_through(page)
    assert [stop["words"] for stop in stops if not stop["seen"]] == []
    order = ["Skip to content", "PixelHub", "Email", "Password", "Sign in", "Forgot your password?", "Create account"]
    assert [stop["words"] for stop in stops if stop["words"] in order] == order

    page.goto("/accounts/login/")
    alice.field("Email").focus()
    page.keyboard.type(alice.email)
    page.keyboard.press("Tab")
    page.keyboard.type(alice.password)
    page.keyboard.press("Enter")
    expect(alice.heading("Overview")).to_be_visible()


def test_the_form_for_new_pixels_without_a_mouse(page, alice, sandbox, unique):
    alice.connect("Xandr")
    alice.start_pixel("Xandr")
    controls = page.evaluate(CONTROLS)
    stops = tab_through(page)
    assert [stop["words"] for stop in stops if not stop["seen"]] == []
    words = [stop["words"] for stop in stops]
    assert len(words[words.index("Source") - 1 :]) == controls  # from the breadcrumb on, and none is passed over

    name = unique("Typed")
    alice.field("Name").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type(name)
    alice.event("Purchase").focus()
    page.keyboard.press("Space")
    expect(alice.event("Purchase")).to_be_checked()
    alice.button("Create pixel").focus()
    page.keyboard.press("Enter")
    alice.see_status("Live")
    assert len(sandbox.objects("xandr", name)) == 1


def test_the_focus_stays_in_the_summary_of_a_batch(page, alice, sandbox, unique):
    alice.connect("Xandr")
    alice.start_pixel("Xandr")
    alice.event("Lead").check()
    alice.event("Purchase").check()
    name = unique("Tabbed")
    alice.field("Lead pixel").fill(name)
    page.keyboard.press("Tab")
    page.wait_for_timeout(700)  # time for a summary that would come anew
    expect(alice.field("Code of the Lead pixel")).to_be_focused()
    expect(alice.field("Lead pixel")).to_have_value(name)
    alice.fill(Name=f"{name}, all")
    expect(alice.field("Purchase pixel")).to_have_value(f"{name}, all – Purchase")
    expect(alice.field("Lead pixel")).to_have_value(name)
    alice.button("Create 2 pixels").click()
    for one in (name, f"{name}, all – Purchase"):
        row = page.get_by_role("row").filter(has=alice.link(one))
        expect(row).to_contain_text("Live")


def test_after_a_mistake_the_focus_is_on_the_first_field_that_is_wrong(page, alice, sandbox, unique):
    alice.connect("Xandr")
    alice.start_pixel("Xandr")
    name = unique("Kept")
    alice.fill(Name=name)
    alice.button("Create pixel").click()
    expect(page.get_by_text("Tick at least one event.")).to_be_visible()
    expect(page.get_by_role("checkbox").first).to_be_focused()
    expect(alice.field("Name")).to_have_value(name)

    alice.fill(Name="x" * 300)
    alice.event("Lead").check()
    alice.button("Create pixel").click()
    expect(alice.field("Name")).to_be_focused()
    expect(alice.field("Name")).to_have_value("x" * 300)
    expect(alice.event("Lead")).to_be_checked()
    assert sandbox.objects("xandr", "xxx") == sandbox.objects("xandr", name) == []


def test_a_mistake_under_advanced_is_shown(page, alice, unique):
    alice.connect("Xandr")
    alice.start_pixel("Xandr")
    alice.fill(Name=unique("Too long"))
    alice.event("Lead").check()
    page.locator("summary", has_text="Advanced").click()
    alice.fill({"Post-view window (minutes)": "43201"})
    alice.button("Create pixel").click()
    expect(alice.field("Post-view window (minutes)")).to_be_focused()
    expect(page.get_by_text("from 0 to 43,200")).to_be_visible()
