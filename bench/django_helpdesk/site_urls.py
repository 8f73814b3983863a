"""The addresses of that desk, and those of Django's administration, to which its pages link."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [path("admin/", admin.site.urls), path("", include("helpdesk.urls"))]
