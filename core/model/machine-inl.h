// The definitions of Machine, for the files that instantiate it, so that a step
// is inlined as one function.
#ifndef VMTRUNC_CORE_MODEL_MACHINE_INL_H_
#define VMTRUNC_CORE_MODEL_MACHINE_INL_H_

#include "core/model/access-inl.h"
#include "core/model/apply-inl.h"
#include "core/model/collapse-inl.h"
#include "core/model/fault-inl.h"
#include "core/model/fault-wait-inl.h"
#include "core/model/folio-inl.h"
#include "core/model/fork-inl.h"
#include "core/model/hugetlb-inl.h"
#include "core/model/locks-inl.h"
#include "core/model/mmap-inl.h"
#include "core/model/move-inl.h"
#include "core/model/mremap-inl.h"
#include "core/model/ops-inl.h"
#include "core/model/pass-inl.h"
#include "core/model/pte-inl.h"
#include "core/model/remap-inl.h"
#include "core/model/tlb-inl.h"
#include "core/model/truncate-inl.h"
#include "core/model/unmap-inl.h"
#include "core/model/vma-inl.h"

#endif  // VMTRUNC_CORE_MODEL_MACHINE_INL_H_
