"""Sample pages for the tests of the look: each is one template given as text."""

import time

from django.http import HttpResponse
from django.template import engines
from django.urls import path

from config.urls import urlpatterns as product
from practice.access import public, staff_only

SAMPLES = {
    "staff": """{% extends "base.html" %}{% load ui %}
        {% block title %}Sample{% endblock %}{% block heading %}A sample{% endblock %}
        {% block actions %}<a class="btn btn-primary" href="#x">Act</a>{% endblock %}
        {% block content %}
          <form id="sign" method="post" data-guard>{% csrf_token %}
            <input class="form-control" name="note" aria-label="Note" data-shortcut="n">
            <button class="btn btn-primary" data-confirm="Sign this note?">Sign</button>
          </form>
          <form id="once" method="post" data-once>{% csrf_token %}<button class="btn btn-secondary" name="press" value="1">Send</button></form>
          <form id="when" method="get">
            <div class="choices">
              <div class="form-check"><input class="form-check-input" type="radio" name="pain" value="yes" id="y"><label class="form-check-label" for="y">Yes</label></div>
              <div class="form-check"><input class="form-check-input" type="radio" name="pain" value="no" id="n"><label class="form-check-label" for="n">No</label></div>
            </div>
            <p id="where" data-show-when="pain=yes,not_sure">Where is it?</p>
          </form>
          <code id="link">https://practice.example/i/abc</code><button class="btn btn-secondary" type="button" data-copy="#link">Copy</button>
        {% endblock %}""",
    "public": """{% extends "public_base.html" %}
        {% block title %}Sample{% endblock %}{% block heading %}A few questions{% endblock %}
        {% block progress %}{% include "_components/stepper.html" with current=2 total=4 words="Safety" only %}{% endblock %}
        {% block content %}<p>One question group at a time.</p>{% endblock %}
        {% block sticky_actions %}<div class="sticky-actions"><button class="btn btn-primary">Next</button></div>{% endblock %}""",
}
posts = []


def render(request, name):
    if request.method == "POST":
        posts.append(request.POST.dict())
        time.sleep(0.5)  # long enough for an impatient second press
    return HttpResponse(engines["django"].from_string(SAMPLES[name]).render({}, request))


@staff_only
def staff(request):
    return render(request, "staff")


@public
def outside(request):
    return render(request, "public")


urlpatterns = [
    *product,
    path("look/staff/", staff, name="look_staff"),
    path("look/public/", outside, name="look_public"),
]
