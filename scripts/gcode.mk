# SPDX-License-Identifier: GPL-2.0-only
#
# Builds G code. At the end of a module's Kbuild, with GORT the gort tree, built
# for the same kernel, or what "make devel_install" made of it:
#
#	obj-m := bar.o
#	bar-y := main.o work.g.o
#	include $(GORT)/scripts/gcode.mk
#
# work.g.o is made from work.c, compiled with split stacks and retargeted to
# gort. Before bar.o is linked, its G objects are checked: G code may call gort
# and a few leaf functions only, reads no per-CPU data, and keeps its frames
# small. So is the module: it imports the namespace of gort, and exports no G
# code. See the head of gcode-check. gort's headers are found, and its symbols, if
# this is the Kbuild of the folder that is built. The link marks where the G code
# of the module begins and ends (gcode.lds), which gort_ctx_create() and
# gort_workload_register() pass on: in there a loop without calls can be stopped.
#
#	GORT_FRAME_MAX	bytes of stack that one function of G code may use
#	GORT_FRAME_MAX_bar	the same for bar.ko alone

gcode-dir := $(abspath $(dir $(lastword $(MAKEFILE_LIST))))
gcode-rewrite := $(gcode-dir)/gcode-rewrite.awk
gcode-check := $(gcode-dir)/gcode-check
gcode-allow := $(gcode-dir)/gcode.allow
gcode-lds := $(gcode-dir)/gcode.lds
gcode-top := $(patsubst %/,%,$(dir $(gcode-dir)))
# Without a build of its own, as the package gort-dev has it, DKMS has built gort for
# this kernel.
gcode-symvers := $(wildcard $(gcode-top)/Module.symvers)
ifeq ($(gcode-symvers)$(wildcard $(gcode-top)/Makefile),)
gcode-symvers := $(wildcard /var/lib/dkms/gort/kernel-$(KERNELRELEASE)-x86_64/Module.symvers)
endif
# In the kernel's tree, gort's symbols are among the kernel's.
gcode-own := $(strip $(if $(KBUILD_EXTMOD),,y) \
	$(filter $(abspath $(srctree))/%,$(gcode-top)) \
	$(filter $(realpath $(gcode-top)),$(realpath $(KBUILD_EXTMOD))))

# Instrumented frames are larger, and so are the segments then.
GORT_FRAME_MAX ?= $(if $(CONFIG_KASAN)$(CONFIG_KCSAN),4096,2048)

# Not while cleaning, which knows no configuration.
ifdef CONFIG_MODULES
ifneq ($(CONFIG_CC_IS_CLANG)$(findstring clang,$(CC)),)
$(error G code needs GCC: split stacks of Clang know no variadic functions and can not count the arguments of calls (Documentation/api.rst). Use GCC, and a kernel that was built with it)
endif
ifeq ($(filter yy- y-y,$(CONFIG_X86_64)$(CONFIG_SMP)-$(CONFIG_UML)),)
$(error G code needs a kernel for 64-bit x86 and more than one CPU (CONFIG_SMP), or User-Mode Linux with one)
endif
# gort itself has no symbols of another gort.
ifeq ($(gcode-own)$(KBUILD_EXTRA_SYMBOLS)$(gcode-symvers),)
$(error $(gcode-top) has no Module.symvers: $(if $(wildcard $(gcode-top)/Makefile),build gort first: make -C $(gcode-top) KDIR=$(or $(abs_objtree),DIR),install it again: make devel_install in the tree of gort$(comma) or the package gort-dkms))
endif
endif

ifeq ($(gcode-own),)
ccflags-y += -I$(gcode-top)/include
KBUILD_EXTRA_SYMBOLS += $(gcode-symvers)
endif

# $(call gcode-all,bar.o): the objects of the composite bar.o; gcode-parts: those
# of G code
gcode-all = $(sort $($(1:.o=-objs)) $($(1:.o=-y)) $($(1:.o=-m)))
gcode-parts = $(filter %.g.o,$(gcode-all))
gcode-mods := $(foreach m,$(sort $(filter %.o,$(obj-m))),$(if $(call gcode-parts,$m),$m))
gcode-objs := $(sort $(foreach m,$(gcode-mods),$(call gcode-parts,$m)))
gcode-asm := $(gcode-objs:.o=.S)

# These would be told of a rule that is missing.
ifneq ($(filter %.g.o,$(obj-m)),)
$(error $(filter %.g.o,$(obj-m)) can't be a module by itself: obj-m := bar.o and bar-y := $(filter %.g.o,$(obj-m)))
endif
ifeq ($(gcode-mods)$(if $(CONFIG_MODULES),,clean),)
$(warning $(gcode-dir)/gcode.mk finds no module with G code: include it below obj-m := bar.o and bar-y := work.g.o)
endif

# No function tracer, whose call precedes the check of the stack. No canary,
# which belongs to the M, while a G changes its M.
gcode-remove := $(CC_FLAGS_FTRACE) -pg -mfentry -mrecord-mcount -mnop-mcount \
	-fstack-protector%

# Arguments of calls are part of the frame, so that the check counts them. Code
# stays in one piece. No constructors: they run before gort_curg is set up. How
# large a frame may be, gcode-check looks at.
# These come last, since Kbuild adds the flags of sanitizers late.
gcode-flags := -fsplit-stack -fno-stack-protector \
	-maccumulate-outgoing-args -fno-reorder-blocks-and-partition \
	-Wno-frame-larger-than \
	--param asan-globals=0 $(DISABLE_STACKLEAK_PLUGIN) $(DISABLE_KSTACK_ERASE)

# The G that runs here
gcode-curg := $(if $(CONFIG_UML),gort_curg(%rip),%gs:gort_curg)

# How a function returns; later kernels have MITIGATION_ before the name
gcode-ret := $(if $(CONFIG_RETHUNK)$(CONFIG_MITIGATION_RETHUNK),jmp __x86_return_thunk,ret)

# In User-Mode Linux modules reach all the address space, and call through
# registers. G code calls what is near, its own module, gort and some leaves of
# the kernel, so it can be as it is in a kernel on the machine itself: with
# direct calls. Nothing says so if one is too far away: the kernel itself is, from
# its modules, in a process of more than 2 GiB. There, G code may call its own
# module and gort alone. All it uses is its own or exported: no table of offsets is
# needed.
ifdef CONFIG_UML
gcode-flags += -mcmodel=small -fpie -include $(gcode-dir)/gcode-near.h
endif

# Coverage of both kinds needs what G code has not: a task, a constructor. And
# a trap reports on the stack of the G.
define gcode-object
CFLAGS_REMOVE_$(1) += $(gcode-remove)
CFLAGS_$(1) += -DGORT_GCODE
GCOV_PROFILE_$(1) := n
KCOV_INSTRUMENT_$(1) := n
$(if $(CONFIG_UBSAN_TRAP),UBSAN_SANITIZE_$(1) := n)
endef
# By their path or by their name alone: that depends on the kernel.
$(foreach o,$(sort $(gcode-objs) $(notdir $(gcode-objs))),$(eval $(call gcode-object,$o)))

quiet_cmd_gcode = GCODE [M]  $@
      cmd_gcode = $(CC) $(c_flags) $(gcode-flags) -S -o $@.tmp $<; \
	LC_ALL=C $(AWK) -v curg='$(gcode-curg)' -v ret='$(gcode-ret)' \
		-f $(gcode-rewrite) $@.tmp $@.tmp > $@ || \
		{ rm -f $@; exit 1; }; \
	rm -f $@.tmp

define rule_gcode
	$(call cmd_and_fixdep,gcode)
	$(call cmd,checksrc)
	$(call cmd,checkdoc)
endef

# The stem is the object's own, by which Kbuild finds the module it belongs to.
define gcode-compile
$(obj)/$(1:.o=.S): $(obj)/%.S: $(src)/$(1:.g.o=.c) $(gcode-rewrite) FORCE
	$$(call if_changed_rule,gcode)
	$$(call cmd,force_checksrc)
endef
$(foreach o,$(gcode-objs),$(eval $(call gcode-compile,$o)))

# The check is ordered before the link, and is no part of it.
quiet_cmd_gcode_check = GCHECK [M] $@
      cmd_gcode_check = $(PERL) $(gcode-check) --allow=$(gcode-allow) \
	--frame-max=$(or $(GORT_FRAME_MAX_$(basename $(@F))),$(GORT_FRAME_MAX)) \
	--objdump='$(OBJDUMP)' --readelf='$(READELF)' $(filter %.g.o,$^) \
	-- $(filter-out %.g.o,$(filter %.o,$^)); touch $@

define gcode-module
LDFLAGS_$(notdir $(1)) += -T $(gcode-lds)
$(obj)/$(1): $(gcode-lds) | $(obj)/$(1:.o=.gcheck)
$(obj)/$(1:.o=.gcheck): $(addprefix $(obj)/,$(call gcode-all,$(1))) $(gcode-check) $(gcode-allow) FORCE
	$$(call if_changed,gcode_check)
endef
$(foreach m,$(gcode-mods),$(eval $(call gcode-module,$m)))

targets += $(gcode-asm) $(gcode-mods:.o=.gcheck)
clean-files += $(gcode-asm:=.tmp)
