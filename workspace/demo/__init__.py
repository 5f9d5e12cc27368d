"""The demo practice: invented people at every stage of the walk, made anew from a seed around the present day."""

from workspace.demo.data import STAFF

# User name, password and role of everybody who may be tried, as printed at start and offered on the sign-in page.
SIGN_INS = tuple(
    (person["username"], person["password"], f"{person['first_name']}: {person['who']}") for person in STAFF
)
