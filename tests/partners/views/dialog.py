"""The job dialog as sales uses it."""

import re
from typing import Any

from django.http import HttpResponse
from django.test import Client

from inventory.models import Article
from jobs.models import Job
from partners.models import PartnerConnection

PERIOD = {"start": "2027-07-01T08:00", "end": "2027-07-04T20:00"}


def text_of(response: HttpResponse) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def url(job: Job, name: str, *args: Any) -> str:
    return job.tenant.url(f"partners:{name}", job.pk, *args)


def search(client: Client, job: Job, connection: PartnerConnection, **query: Any) -> str:
    response = client.get(url(job, "search"), {"supplier": connection.pk, **PERIOD, **query}, HTTP_HX_REQUEST="true")
    assert response.status_code == 200
    return text_of(response)


def step(
    client: Client, job: Job, name: str, connection: PartnerConnection, theirs: Article, **data: Any
) -> HttpResponse:
    return client.post(url(job, name, connection.pk, str(theirs.pk)), data, HTTP_HX_REQUEST="true")


def once_more(form: str) -> dict[str, str]:
    return dict(re.findall(r'name="(seen|quantity)" value="([^"]*)"', form))
