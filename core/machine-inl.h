// The definitions of Machine, for the files that instantiate it, so that a step
// is inlined as one function.
#ifndef VMTRUNC_CORE_MACHINE_INL_H_
#define VMTRUNC_CORE_MACHINE_INL_H_

#include "core/apply-inl.h"
#include "core/fault-inl.h"
#include "core/fork-inl.h"
#include "core/locks-inl.h"
#include "core/mremap-inl.h"
#include "core/ops-inl.h"
#include "core/pass-inl.h"
#include "core/pte-inl.h"
#include "core/remap-inl.h"
#include "core/truncate-inl.h"
#include "core/unmap-inl.h"
#include "core/vma-inl.h"

#endif  // VMTRUNC_CORE_MACHINE_INL_H_
