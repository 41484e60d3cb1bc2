# SPDX-License-Identifier: GPL-2.0-only
#
# For people; what the kernel's build needs to know is in Kbuild.

ifeq ($(origin KDIR)$(KERNEL), undefined)
KDIR := /lib/modules/$(shell uname -r)/build
# Not the running kernel, but one that can be built for: say so, and go on.
ifeq ($(wildcard $(KDIR)/Makefile),)
KDIR := $(patsubst %/Makefile,%,$(shell \
	ls -d /lib/modules/*/build/Makefile 2>/dev/null | sort -V | tail -n 1))
kdir-note := gort: no headers for kernel $(shell uname -r), building for $(KDIR)
endif
else ifeq ($(origin KDIR), undefined)
# One of selftests/kernels, where scripts/vm/setup has put it
KDIR := $(or $(GORT_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/gort)/kernels/$(KERNEL)/build
endif

# A newer Debian's headers come in a tree with its compiler.
tree := $(wildcard $(dir $(KDIR:/=))tree)
KMAKE = $(if $(tree),scripts/vm/inside $(tree) make,$(MAKE))

# Who wants the module alone does not need the libraries of the tools.
all: modules
	@if $(MAKE) -s --no-print-directory -C tools/gortctl libraries; then \
		$(MAKE) tools; \
	else \
		echo 'gort: gort.ko is built, gortctl is not' >&2; fi

help:
	@echo 'Build'
	@echo '  make                  gort.ko for the running kernel, and the tools'
	@echo '  make KDIR=DIR         the same for the kernel whose headers are in DIR'
	@echo '  make KERNEL=NAME      for one of selftests/kernels, after make setup for it'
	@echo '  make modules          gort.ko alone'
	@echo '  make tools            gortctl, and its library libgort, alone'
	@echo '  make install          all of it (root), the module to be loaded with'
	@echo '                        modprobe; PREFIX=/usr/local DESTDIR='
	@echo '  make modules_install  the module alone (root)'
	@echo '  make tools_install    the tools, libgort, manual pages, completion'
	@echo '  make udev_install     let the group "gort" use the device, not root alone'
	@echo '  make uninstall        remove what make install has installed'
	@echo '  make clean            remove what was built'
	@echo
	@echo 'Modules of your own, with G code (Documentation/tutorial.rst, samples/)'
	@echo '  make devel_install    what they are built with, in /usr/src/gort (root);'
	@echo '                        DEVEL=DIR: elsewhere'
	@echo
	@echo 'Packages (Documentation/packaging.rst)'
	@echo '  make dkms_install     the source of gort.ko for DKMS, in /usr/src (root)'
	@echo '  make sign             sign gort.ko for Secure Boot; SIGN_KEY=FILE'
	@echo '                        SIGN_CERT=FILE, default: those of DKMS'
	@echo '  make package-test     build and install the Debian packages in fresh'
	@echo '                        trees, and load what came of it (root)'
	@echo '  make kernel-tree      lay gort into a kernel source tree, KSRC=DIR'
	@echo '  make kernel-tree-test lay it into that of Debian'\''s kernel, build it there,'
	@echo '                        and run tests of that tree in the virtual machine'
	@echo
	@echo 'Try and test, in a virtual machine with Debian'\''s stock kernel'
	@echo '  make run              a mixed workload, and what became of it'
	@echo '  make test             all tests'
	@echo '  make test BOOT="A B"  those of these lines of selftests/boots'
	@echo '  make test TESTS="A B" these programs of selftests/ alone'
	@echo '  make test KERNEL=NAME on that kernel of selftests/kernels'
	@echo '  make test-all         on each of Debian'\''s kernels there; KERNELS="A B"'
	@echo '  make mutants          is each step guarded? Takes them out, one at a time'
	@echo '  make mutants MUTANT=x of these, the one of this name'
	@echo '  make torture          ten minutes of random load on each kind of'
	@echo '                        preemption; MINUTES=N BOOT=NAME SEED=N'
	@echo '  make fuzz             ten minutes of odd calls to /dev/gort;'
	@echo '                        MINUTES=N SEED=N STEPS=N'
	@echo '  make soak             an hour of torture, CPUs that come and go, and'
	@echo '                        odd calls, together; MINUTES=N SEED=N'
	@echo '  make fuzz-unit        the parsers and queues in user space, with libFuzzer;'
	@echo '                        SECONDS=N for each of them (default 60)'
	@echo '  make vm-shell         a shell in the virtual machine, gort inserted'
	@echo '  make bench            what gort takes, and what kthreads, Go, Boost.Fiber and'
	@echo '                        pthreads take, at the speed of this machine;'
	@echo '                        ROUNDS=N (default 7)'
	@echo '  make bench-vm         what takes interrupts, two CPUs or a million green'
	@echo '                        threads; instructions, counted; needs 8 GiB'
	@echo '  make timeline         the picture in Documentation/tour.rst, from a run there'
	@echo '  make check            static checks, no virtual machine'
	@echo '  make setup            get what these need (they do it themselves)'
	@echo
	@echo 'Set in the environment'
	@echo '  GORT_CACHE=DIR        downloads (default ~/.cache/gort)'
	@echo '  GORT_ACCEL=kvm|tcg    no probing for KVM'
	@echo '  GORT_SEED=N           repeat a test run that printed this seed'

modules: kdir
	+$(KMAKE) -C $(KDIR) M=$(CURDIR) $@

# Where DESTDIR is, the whole system is.
INSTALL_MOD_PATH ?= $(DESTDIR)

# Distributions keep the key that signed their modules to themselves; trying to
# sign with it anyway ends in an error message.
modules_install: modules
	+$(KMAKE) -C $(KDIR) M=$(CURDIR) CONFIG_MODULE_SIG_ALL= \
		INSTALL_MOD_PATH='$(INSTALL_MOD_PATH)' $@
	@# Without System.map, which packaged headers lack, that leaves out depmod.
	@$(if $(INSTALL_MOD_PATH),:,depmod "$(kdir-release)")

# The kernel that is built for
kdir-release = $(shell sed -n 's/^\#define UTS_RELEASE "\(.*\)"/\1/p' \
	'$(KDIR)/include/generated/utsrelease.h')

install: modules_install tools_install

# From the folder to which the kernel's build installs modules from outside
uninstall: kdir
	$(MAKE) -C tools/lib uninstall
	$(MAKE) -C tools/gortctl uninstall
	rm -f '$(INSTALL_MOD_PATH)/lib/modules/$(kdir-release)'/extra/gort.ko*
	$(if $(INSTALL_MOD_PATH),,depmod "$(kdir-release)")

DEVEL ?= /usr/src/gort

# In the same places as here, so that either is what a module calls GORT.
devel_install: modules devel_files
	install -m 644 Module.symvers '$(DEVEL)'

# The same without the symbols of one build
devel_files:
	install -d '$(DEVEL)/scripts' '$(DEVEL)/include/linux' \
		'$(DEVEL)/include/uapi/linux'
	install -m 644 include/linux/*.h '$(DEVEL)/include/linux'
	install -m 644 include/uapi/linux/*.h '$(DEVEL)/include/uapi/linux'
	install -m 644 $(gcode) '$(DEVEL)/scripts'
	install -m 755 scripts/gcode-check '$(DEVEL)/scripts'

# What G code is built with
gcode := $(addprefix scripts/,gcode.mk gcode.allow gcode.lds gcode-rewrite.awk \
	gcode-near.h)

# What gort.ko is built from, where DKMS looks for it
version := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"$$/\1/p' dkms.conf)
dkms-source = $(DESTDIR)/usr/src/gort-$(version)

dkms_install:
	$(MAKE) devel_files DEVEL='$(dkms-source)'
	install -m 644 Kbuild dkms.conf $(filter-out %.mod.c %.g.S,\
		$(wildcard gort*.[chS])) '$(dkms-source)'
	install -m 755 scripts/dkms-symvers '$(dkms-source)/scripts'

# For Secure Boot: with a key that the machine's firmware, or its list of owner's
# keys, has the certificate of. These are the ones that DKMS makes.
SIGN_KEY ?= /var/lib/dkms/mok.key
SIGN_CERT ?= /var/lib/dkms/mok.pub
SIGN_HASH ?= sha256
SIGN_FILES ?= gort.ko

sign: kdir
	@for file in '$(SIGN_KEY)' '$(SIGN_CERT)' $(SIGN_FILES); do \
		[ -e "$$file" ] || { echo "gort: there is no $$file:" \
			'make modules; make sign SIGN_KEY=FILE SIGN_CERT=FILE' >&2; \
			exit 1; }; done
	@# The kernel looks at the last signature alone; objcopy drops an older one.
	@for file in $(SIGN_FILES); do \
		[ -z "$$(modinfo -F signer "$$file")" ] || objcopy "$$file"; \
		$(KDIR)/scripts/sign-file $(SIGN_HASH) '$(SIGN_KEY)' \
			'$(SIGN_CERT)' "$$file" || exit; \
		echo "gort: signed $$file"; done

# Not part of an installation: it lets others than root in.
udev_install:
	install -D -m 644 udev/60-gort.rules \
		'$(DESTDIR)/etc/udev/rules.d/60-gort.rules'

kdir:
	@if [ ! -e '$(KDIR)/Makefile' ]; then \
		echo 'gort: no kernel headers in "$(KDIR)".' \
			'Install them (Debian: apt-get install linux-headers-amd64)' \
			'or name their folder: make KDIR=DIR' >&2; exit 1; fi
	@$(if $(kdir-note),echo '$(kdir-note)')

tools:
	$(MAKE) -C tools/lib
	$(MAKE) -C tools/gortctl

tools_install: tools
	$(MAKE) -C tools/lib install
	$(MAKE) -C tools/gortctl install
	@# So that programs find libgort.so without a new start of the machine
	$(if $(DESTDIR),,-ldconfig)

clean:
	$(if $(wildcard $(KDIR)/Makefile),$(KMAKE) -C $(KDIR) M=$(CURDIR) clean)
	$(MAKE) -C tools/gortctl clean
	$(MAKE) -C tools/lib clean
	rm -rf build

setup:
	@scripts/vm/setup

run:
	@scripts/vm/run

test:
	@scripts/vm/test

test-all:
	@scripts/vm/test-all

mutants:
	@scripts/mutants

torture:
	@scripts/torture

fuzz:
	@scripts/fuzz

soak:
	@scripts/soak

fuzz-unit:
	@selftests/unit/run.sh fuzz $(or $(SECONDS),60)

bench:
	@benchmarks/bench

bench-vm:
	@benchmarks/bench-vm

timeline:
	@scripts/vm/timeline

package-test:
	@scripts/package-test

kernel-tree:
	@scripts/kernel-tree '$(KSRC)'

kernel-tree-test:
	@scripts/kernel-tree-test

vm-shell:
	@scripts/vm/shell

check:
	@scripts/check

.PHONY: all help modules modules_install devel_install devel_files dkms_install sign package-test kernel-tree kernel-tree-test udev_install kdir tools tools_install \
	install uninstall clean setup run test test-all mutants torture fuzz fuzz-unit soak bench bench-vm timeline vm-shell check
