"""The test app, under a label that says it is one."""

from django.apps import AppConfig


class ConstraintTrialsConfig(AppConfig):
    name = "tests.constraints.app"
    label = "constraint_trials"
