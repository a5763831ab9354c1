from django.forms.renderers import TemplatesSetting


class FormRenderer(TemplatesSetting):
    """Every form looks alike: label, hint, control, error. The templates are in templates/django/forms/."""

    form_template_name = "django/forms/form.html"
    field_template_name = "django/forms/field.html"
