#!/usr/bin/python3
"""Does a NetCDF file keep the rules of CF-1.8 and ACDD-1.3 that apply to maps?

    cf_check.py FILE...               prints what is wrong; status 1 when anything is
    cf_check.py --self-test FILE      breaks copies of FILE, rule by rule: each must be noticed

Rules are named by their section of CF-1.8. No public checker is packaged in Debian.
"""
import datetime
import os
import re
import shutil
import sys
import tempfile

import netCDF4
import numpy as np

TYPES = {"i1", "S1", "i2", "i4", "f4", "f8"}  # 2.2; and strings
UNITS = {"1", "s", "s-1", "degrees"}  # of those that UDUNITS knows, what nudge may write
STANDARD_NAMES = {"realization"}  # of CF's table, what nudge uses
METHODS = {"point", "sum", "maximum", "maximum_absolute_value", "median", "mid_range", "minimum",
           "minimum_absolute_value", "mean", "mean_absolute_value", "mean_of_upper_decile", "mode",
           "range", "root_mean_square", "standard_deviation", "sum_of_squares", "variance"}
CONTENT = {"image", "thematicClassification", "physicalMeasurement", "auxiliaryInformation",
           "qualityInformation", "referenceInformation", "modelResult", "coordinate"}
GLOBAL_TEXTS = ("title", "history", "institution", "source", "references", "comment")  # 2.6.2
ACDD_WANTED = ("title", "summary", "keywords", "id", "history", "source", "processing_level", "comment",
               "license", "standard_name_vocabulary", "date_created", "date_modified", "project",
               "product_version")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")


def is_text(variable):
    return variable.dtype == str or variable.dtype.kind in "SU"


def attribute(thing, name):
    return thing.getncattr(name) if name in thing.ncattrs() else None


def words(variable, name):
    value = attribute(variable, name)
    return value.split() if isinstance(value, str) else []


def is_named_after_dimension(name, variable):
    return variable.dimensions == (name,)


class Check:
    def __init__(self, data):
        self.data = data
        self.faults = []
        listed = {c for v in data.variables.values() for c in words(v, "coordinates")}
        self.coordinates = {n for n, v in data.variables.items()
                            if is_named_after_dimension(n, v) or n in listed}

    def rule(self, section, what, holds):
        if not holds:
            self.faults.append(f"{section}: {what}")

    def run(self):
        self.check_names()
        self.check_globals()
        for name, variable in self.data.variables.items():
            variable.set_auto_maskandscale(False)
            self.check_variable(name, variable)
            self.check_missing(name, variable)
            self.check_units(name, variable)
            self.check_coordinates(name, variable)
            self.check_ancillary(name, variable)
            self.check_flags(name, variable)
            self.check_cell_methods(name, variable)
            if is_named_after_dimension(name, variable):
                self.check_axis(name, variable)
        for name, dimension in self.data.dimensions.items():
            self.rule("5", f"dimension {name} has no coordinate", any(
                v.dimensions == (name,) for n, v in self.data.variables.items() if n in self.coordinates))
        return self.faults

    def check_names(self):
        names = list(self.data.variables) + [d for d in self.data.dimensions if d not in self.data.variables]
        for name in names:
            self.rule("2.3", f"{name} is no name", NAME.match(name))
        self.rule("2.3", "names differ in case only", len({n.lower() for n in names}) == len(names))
        for owner in [self.data, *self.data.variables.values()]:
            for name in owner.ncattrs():
                self.rule("2.3", f"{name} is no name of an attribute", NAME.match(name) or name == "_FillValue")

    def check_globals(self):
        conventions = attribute(self.data, "Conventions")
        parts = re.split(r"[ ,]+", conventions) if isinstance(conventions, str) else []
        self.rule("2.6.1", "Conventions lacks CF-1.8", "CF-1.8" in parts)
        self.rule("ACDD", "Conventions lacks ACDD-1.3", "ACDD-1.3" in parts)
        for name in GLOBAL_TEXTS:
            value = attribute(self.data, name)
            self.rule("2.6.2", f"{name} is no text", value is None or (isinstance(value, str) and value))
        for name in ACDD_WANTED:
            value = attribute(self.data, name)
            self.rule("ACDD", f"there is no {name}", isinstance(value, str) and value.strip())
        for name in ("date_created", "date_modified"):
            try:
                datetime.datetime.strptime(attribute(self.data, name) or "", "%Y-%m-%dT%H:%M:%SZ")
            except ValueError:
                self.rule("ACDD", f"{name} is no time of ISO 8601", False)

    def check_variable(self, name, variable):
        self.rule("2.2", f"{name} is of type {variable.dtype}",
                  variable.dtype == str or variable.dtype.str.lstrip("<>|=") in TYPES)
        self.rule("2.4", f"{name} has a dimension twice", len(set(variable.dimensions)) == len(variable.dimensions))
        standard = attribute(variable, "standard_name")
        self.rule("3.2", f"{name} has neither long_name nor standard_name",
                  (attribute(variable, "long_name") or "").strip() or standard)
        self.rule("3.3", f"{name}: {standard} is none of the standard names", standard in STANDARD_NAMES | {None})
        content = attribute(variable, "coverage_content_type")
        self.rule("ACDD", f"{name}: coverage_content_type {content}", content in CONTENT)
        self.rule("ACDD", f"{name}: a coordinate is of the content coordinate",
                  (content == "coordinate") == (name in self.coordinates))

    def check_missing(self, name, variable):
        for what in ("_FillValue", "missing_value"):
            value = attribute(variable, what)
            if value is None:
                continue
            self.rule("2.5.1", f"{name}: {what} is of another type", np.asarray(value).dtype == variable.dtype)
            self.rule("2.5.1", f"{name}: a coordinate has a {what}", name not in self.coordinates)
        if variable.dtype != str and variable.dtype.kind == "f" and attribute(variable, "_FillValue") is None:
            self.rule("2.5.1", f"{name} has NaN without saying so", not np.isnan(variable[...]).any())

    def check_units(self, name, variable):
        units = attribute(variable, "units")
        if is_text(variable) or attribute(variable, "flag_values") is not None:
            self.rule("3.1", f"{name}: a text has units", units is None)
            return
        self.rule("3.1", f"{name}: units {units}", units in UNITS)

    def check_coordinates(self, name, variable):
        for other in words(variable, "coordinates"):
            self.rule("5", f"{name}: its coordinate {other} is not there", other in self.data.variables)
            self.rule("5", f"{name}: it is its own coordinate", other != name)
            if other in self.data.variables:
                self.rule("5", f"{name}: its coordinate {other} lies along another dimension",
                          set(self.data.variables[other].dimensions) <= set(variable.dimensions))
        if name in self.coordinates:
            return
        for other in self.coordinates:
            of = self.data.variables[other]
            numeric_axis = is_named_after_dimension(other, of) and not is_text(of)
            if set(of.dimensions) <= set(variable.dimensions) and not numeric_axis:
                self.rule("5.7" if not of.dimensions else "6.1", f"{name} does not list its coordinate {other}",
                          other in words(variable, "coordinates"))

    def check_axis(self, name, variable):
        values = variable[...]
        if is_text(variable):
            self.rule("6.1", f"{name}: two of its names are the same", len(set(values.tolist())) == len(values))
            return
        steps = np.diff(values)
        self.rule("5", f"{name} neither rises nor falls", (steps > 0).all() or (steps < 0).all())
        self.rule("5", f"{name} has missing values", np.isfinite(values).all())

    def check_ancillary(self, name, variable):
        for other in words(variable, "ancillary_variables"):
            self.rule("3.4", f"{name}: its ancillary variable {other} is not there", other in self.data.variables)
            if other in self.data.variables:
                self.rule("3.4", f"{name}: its ancillary variable {other} has other dimensions",
                          set(self.data.variables[other].dimensions) <= set(variable.dimensions))

    def check_flags(self, name, variable):
        values, meanings = attribute(variable, "flag_values"), attribute(variable, "flag_meanings")
        if values is None and meanings is None:
            return
        values = np.atleast_1d(values if values is not None else [])
        self.rule("3.5", f"{name}: as many flag_meanings as flag_values", len(values) == len((meanings or "").split()))
        self.rule("3.5", f"{name}: flag_values of another type", values.dtype == variable.dtype)

    def check_cell_methods(self, name, variable):
        text = attribute(variable, "cell_methods")
        if text is None:
            return
        parts = re.findall(r"((?:[A-Za-z]\w*: )+)([a-z_]+)(?: \([^)]*\))?(?: |\Z)", text)
        self.rule("7.3", f"{name}: cell_methods {text!r}", "".join(f"{a}{b} " for a, b in parts).strip() == text)
        for names, method in parts:
            self.rule("7.3", f"{name}: no method {method}", method in METHODS)
            for axis in re.findall(r"\w+", names):
                self.rule("7.3", f"{name}: cell_methods over {axis}",
                          axis in variable.dimensions or axis in STANDARD_NAMES | {"area"}
                          or axis in self.data.variables and not self.data.variables[axis].dimensions)


def faults_of(path):
    with netCDF4.Dataset(path) as data:
        return Check(data).run()


# ---- rules, broken one by one ----

def first(data, wanted):
    return next(v for v in data.variables.values() if wanted(v))


def a_number(data):
    return first(data, lambda v: attribute(v, "cell_methods"))


def an_axis(data):
    return first(data, lambda v: v.dimensions == (v.name,) and not is_text(v) and len(v) > 1)


def new(data, name, kind, like=None, **attributes):
    v = data.createVariable(name, kind, like.dimensions if like is not None else ())
    v.setncatts({"long_name": "x", "coverage_content_type": "modelResult", "units": "1", **attributes})


def set_values(variable, values):
    variable.set_auto_maskandscale(False)
    variable[...] = values


def drop(variable, name):
    variable.delncattr(name)


PLANTED = [
    ("2.2", "is of type int64", lambda d: new(d, "planted", "i8")),
    ("2.3", "is no name", lambda d: d.renameVariable(a_number(d).name, "a-b")),
    ("2.3", "differ in case only", lambda d: d.renameVariable(a_number(d).name, "N")),
    ("2.3", "no name of an attribute", lambda d: a_number(d).setncattr("a b", "x")),
    ("2.5.1", "without saying so", lambda d: new(d, "planted", "f8", a_number(d)) or set_values(d["planted"], np.nan)),
    ("2.5.1", "missing_value is of another type", lambda d: a_number(d).setncattr("missing_value", "no")),
    ("2.5.1", "a coordinate has a missing_value",
     lambda d: an_axis(d).setncattr("missing_value", np.asarray(0, an_axis(d).dtype))),
    ("2.6.1", "lacks CF-1.8", lambda d: d.setncattr("Conventions", "ACDD-1.3")),
    ("ACDD", "lacks ACDD-1.3", lambda d: d.setncattr("Conventions", "CF-1.8")),
    ("2.6.2", "source is no text", lambda d: d.setncattr("source", 7)),
    ("ACDD", "no summary", lambda d: drop(d, "summary")),
    ("ACDD", "date_created", lambda d: d.setncattr("date_created", "yesterday")),
    ("ACDD", "coverage_content_type", lambda d: a_number(d).setncattr("coverage_content_type", "magic")),
    ("ACDD", "of the content coordinate", lambda d: an_axis(d).setncattr("coverage_content_type", "modelResult")),
    ("3.1", "units None", lambda d: drop(a_number(d), "units")),
    ("3.1", "units images", lambda d: an_axis(d).setncattr("units", "images")),
    ("3.2", "neither long_name", lambda d: drop(a_number(d), "long_name")),
    ("3.3", "standard names", lambda d: a_number(d).setncattr("standard_name", "test_error")),
    ("3.4", "is not there", lambda d: a_number(d).setncattr("ancillary_variables", "nothing")),
    ("3.5", "flag_meanings", lambda d: new(d, "planted", "i1", None, flag_values=np.int8([0, 1]), flag_meanings="a")),
    ("3.5", "of another type", lambda d: new(d, "planted", "i1", None, flag_values=[0, 1], flag_meanings="a b")),
    ("5", "neither rises nor falls", lambda d: set_values(an_axis(d), an_axis(d)[0])),
    ("5", "has no coordinate", lambda d: d.renameVariable(an_axis(d).name, "elsewhere")),
    ("5", "coordinate nothing is not there", lambda d: a_number(d).setncattr("coordinates", "nothing")),
    ("5", "along another dimension",
     lambda d: d.createDimension("other", 2) and new(d, "planted", "f8", None) or
     d["planted"].setncattr("coordinates", an_axis(d).name)),
    ("5.7", "does not list its coordinate planted",
     lambda d: new(d, "planted", "f8", coverage_content_type="coordinate") or
     a_number(d).setncattr("coordinates", "planted")),
    ("7.3", "no method middle", lambda d: a_number(d).setncattr("cell_methods", "realization: middle")),
    ("7.3", "over nowhere", lambda d: a_number(d).setncattr("cell_methods", "nowhere: mean")),
    ("7.3", "cell_methods 'median'", lambda d: a_number(d).setncattr("cell_methods", "median")),
]


def self_test(path):
    missed = [f"{f}, before anything is broken" for f in faults_of(path)]
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "broken.nc")
        for section, what, plant in PLANTED:
            shutil.copy(path, copy)
            with netCDF4.Dataset(copy, "a") as data:
                plant(data)
            if not any(f.startswith(section + ":") and what in f for f in faults_of(copy)):
                missed.append(f"not noticed: {section}: {what}; only {faults_of(copy)}")
    return missed


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    if sys.argv[1] == "--self-test":
        faults = self_test(sys.argv[2])
    else:
        faults = [f"{path}: {fault}" for path in sys.argv[1:] for fault in faults_of(path)]
    print("\n".join(faults))
    sys.exit(1 if faults else 0)


main()
