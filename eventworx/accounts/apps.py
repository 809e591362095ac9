from django.apps import AppConfig, apps

from eventworx.encryption import Place, SealedColumn, register_sealed_column


def place_of(user_id: int) -> Place:
    """Where a person's secrets lie. Users belong to no tenant, and the row has no id yet when allauth seals for it."""
    return Place(table="mfa_authenticator", row=f"user {user_id}", field="data", tenant=0)


class AccountsConfig(AppConfig):
    name = "eventworx.accounts"

    def ready(self) -> None:
        rows = apps.get_model("mfa", "Authenticator")
        for key in ("secret", "seed"):
            register_sealed_column(SealedColumn(rows, "data", lambda row: place_of(row.user_id), key))
