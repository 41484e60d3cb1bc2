# SPDX-License-Identifier: LGPL-2.1-or-later
# What libgort is made of and needs, for its own Makefile and for programs of
# this tree that are linked to libgort.a.

lib-dir := $(dir $(lastword $(MAKEFILE_LIST)))
lib-sources := $(notdir $(sort $(wildcard $(lib-dir)*.c)))

# Packages, as pkg-config names them, of those of its files that need any.
lib-pkgs := $(if $(filter ring.c,$(lib-sources)),liburing) \
	$(if $(filter trace.c,$(lib-sources)),libtracefs libtraceevent)
