from operator import attrgetter

from django.apps import AppConfig

from eventworx.encryption import SealedColumn, register_sealed_column


class PartnersConfig(AppConfig):
    name = "partners"

    def ready(self) -> None:
        keys = self.get_model("ConnectionKey")
        register_sealed_column(SealedColumn(keys, "sealed_private_key", attrgetter("place")))
