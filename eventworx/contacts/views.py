"""Pages of contacts. The page of one contact is composed: other rooms put their part into it by URL."""

from typing import Any

from django.forms.models import model_to_dict
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from eventworx.contacts import contacts
from eventworx.contacts.forms import ContactFilter, ContactForm, NewContactForm, PersonForm
from eventworx.contacts.models import Contact, ContactPerson
from eventworx.tenants.access import TenantRequest, may, member_required
from eventworx.tenants.roles import Permission
from eventworx.web.pages import page_of


def _contact(request: TenantRequest, pk: int) -> Contact:
    return get_object_or_404(request.tenant.contacts.select_related("tenant"), pk=pk)


def _person(request: TenantRequest, pk: int, person_pk: int) -> ContactPerson:
    people = request.tenant.contact_people.select_related("contact__tenant")
    return get_object_or_404(people, contact_id=pk, pk=person_pk)


@member_required
def contact_list(request: TenantRequest) -> HttpResponse:
    filters = ContactFilter(request.GET)
    page = page_of(request, filters.narrow(request.tenant.contacts.by_name()))
    template = "contacts/_list.html" if request.htmx.target == "list" else "contacts/list.html"
    return render(request, template, {"page": page, "filters": filters})


@may(Permission.EDIT_CONTACTS)
def create(request: TenantRequest) -> HttpResponse:
    initial: dict[str, Any] = {**request.GET.dict()} or {"is_customer": True}
    form = NewContactForm(request.POST or None, tenant=request.tenant, initial=initial)
    if form.is_valid():
        contact = form.attempt(lambda: contacts.create_contact(tenant=request.tenant, **form.cleaned_data))
        if contact:
            return redirect(contact)
    return render(request, "contacts/create.html", {"form": form})


@member_required
def detail(request: TenantRequest, pk: int) -> HttpResponse:
    contact = _contact(request, pk)
    return render(request, "contacts/detail.html", {"contact": contact, "active_tab": "master"})


@may(Permission.EDIT_CONTACTS)
def edit(request: TenantRequest, pk: int) -> HttpResponse:
    contact = _contact(request, pk)
    form = ContactForm(request.POST or None, tenant=request.tenant, initial=model_to_dict(contact))
    form.carry_shown()
    if form.is_valid():
        return redirect(contacts.update_contact(contact=contact, **form.touched))
    return render(request, "contacts/edit.html", {"contact": contact, "active_tab": "master", "form": form})


@member_required
def people(request: TenantRequest, pk: int) -> HttpResponse:
    contact = _contact(request, pk)
    found = contact.people.order_by("name", "pk")
    return render(request, "contacts/people.html", {"contact": contact, "active_tab": "people", "people": found})


@may(Permission.EDIT_CONTACTS)
def person_create(request: TenantRequest, pk: int) -> HttpResponse:
    contact = _contact(request, pk)
    form = PersonForm(request.POST or None, tenant=request.tenant)
    if form.is_valid():
        contacts.add_person(contact=contact, **form.cleaned_data)
        return redirect(request.tenant.url("contacts:people", pk))
    return render(request, "contacts/person.html", {"contact": contact, "active_tab": "people", "form": form})


@may(Permission.EDIT_CONTACTS)
def person_edit(request: TenantRequest, pk: int, person_pk: int) -> HttpResponse:
    person = _person(request, pk, person_pk)
    form = PersonForm(request.POST or None, tenant=request.tenant, initial=model_to_dict(person))
    form.carry_shown()
    if form.is_valid():
        contacts.update_person(person=person, **form.touched)
        return redirect(request.tenant.url("contacts:people", pk))
    context = {"contact": person.contact, "active_tab": "people", "form": form, "person": person}
    return render(request, "contacts/person.html", context)


@require_POST
@may(Permission.EDIT_CONTACTS)
def person_delete(request: TenantRequest, pk: int, person_pk: int) -> HttpResponse:
    contacts.remove_person(person=_person(request, pk, person_pk))
    return redirect(request.tenant.url("contacts:people", pk))
