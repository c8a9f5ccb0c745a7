"""The forms of an endpoint and of its prices."""

from django import forms

from webapp.llm.limits import CONCURRENCY, DECIMALS, DIGITS, MAX_API_KEY, TIMEOUT_S
from webapp.llm.models import Endpoint, Price

INPUT = {"class": "input", "autocomplete": "off"}


class EndpointForm(forms.ModelForm):
    field_order = ["name", "base_url", "model", "api_key"]

    api_key = forms.CharField(
        label="Key",
        required=False,
        max_length=MAX_API_KEY,
        widget=forms.PasswordInput(attrs={**INPUT, "autocomplete": "new-password"}),
        help_text="Stored encrypted and never shown again. It is sent to this address only.",
    )

    max_concurrency = forms.IntegerField(
        label="Requests at once",
        **CONCURRENCY.range,
        initial=CONCURRENCY.default,
        widget=forms.NumberInput(attrs=INPUT),
    )
    timeout_s = forms.IntegerField(
        label="Seconds to wait for an answer",
        **TIMEOUT_S.range,
        initial=TIMEOUT_S.default,
        widget=forms.NumberInput(attrs=INPUT),
    )

    class Meta:
        model = Endpoint
        fields = ["name", "base_url", "model", "max_concurrency", "timeout_s"]
        labels = {
            "base_url": "Address",
            "model": "Model",
        }
        help_texts = {
            "base_url": "Where the server answers chat completions, such as "
            "https://models.example.org/v1",
            "model": "The name of the model at that address.",
        }
        widgets = {
            "name": forms.TextInput(attrs=INPUT),
            "base_url": forms.TextInput(attrs={**INPUT, "inputmode": "url"}),
            "model": forms.TextInput(attrs=INPUT),
        }

    # Where a refusal of the service belongs.
    FIELD_OF_CODE = {"address": "base_url", "name_taken": "name", "key": "api_key"}


class PriceForm(forms.ModelForm):
    since = forms.DateField(
        label="From", widget=forms.DateInput(attrs={**INPUT, "type": "date"}, format="%Y-%m-%d")
    )
    prompt = forms.DecimalField(
        label="Input, per million tokens",
        min_value=0,
        max_digits=DIGITS,
        decimal_places=DECIMALS,
        widget=forms.NumberInput(attrs={**INPUT, "step": "any"}),
    )
    completion = forms.DecimalField(
        label="Output, per million tokens",
        min_value=0,
        max_digits=DIGITS,
        decimal_places=DECIMALS,
        widget=forms.NumberInput(attrs={**INPUT, "step": "any"}),
    )
    currency = forms.CharField(
        max_length=Price.MAX_CURRENCY, initial="EUR", widget=forms.TextInput(attrs=INPUT)
    )

    class Meta:
        model = Price
        fields = ["since", "prompt", "completion", "currency"]

    def validate_unique(self) -> None:
        """The service refuses a second price of one day."""
