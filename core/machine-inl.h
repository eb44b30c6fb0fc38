// The definitions of Machine, for the files that instantiate it, so that a step
// is inlined as one function.
#ifndef VMTRUNC_CORE_MACHINE_INL_H_
#define VMTRUNC_CORE_MACHINE_INL_H_

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/machine.h"
#include "core/vma_list.h"
// In this order: each uses the phases of those before it.
#include "core/locks-inl.h"
#include "core/pte-inl.h"
#include "core/vma-inl.h"
#include "core/unmap-inl.h"
#include "core/pass-inl.h"
#include "core/fault-inl.h"
#include "core/truncate-inl.h"
#include "core/ops-inl.h"
#include "core/remap-inl.h"
#include "core/mremap-inl.h"
#include "core/fork-inl.h"
#include "core/apply-inl.h"

#endif  // VMTRUNC_CORE_MACHINE_INL_H_
