#include "core/fields.h"

#include <bit>

#include "absl/strings/str_format.h"
#include "core/mark.h"

namespace vmtrunc {
namespace {

// A row: the field, what people call it, what it stands for.
#define FIELD(type, path, name, form) \
  {name, Form::form,                  \
   [](const type& it) -> uint64_t { return static_cast<uint64_t>(it.path); }}
#define FILE_FIELD(path, name, form) FIELD(File, path, name, form)
#define VMA_FIELD(path, name, form) FIELD(Vma, path, name, form)
#define MM_FIELD(path, name, form) FIELD(LargeMm, path, name, form)
#define TASK_FIELD(path, name, form) FIELD(Task, path, name, form)
#define OP_FIELD(path, name, form) FIELD(Op, path, name, form)
#define WORLD_FIELD(path, name, form) FIELD(LargeWorld, path, name, form)

constexpr FieldInfo<File> kFileFields[] = {
    FILE_FIELD(size, "size", kNumber),
    FILE_FIELD(truncate_count, "truncate_count", kNumber),
    FILE_FIELD(cached, "pages in the page cache", kPages),
    FILE_FIELD(exists, "exists", kYes),
    FILE_FIELD(i_sem, "i_sem", kHolder),
    FILE_FIELD(invalidate_lock, "invalidate_lock", kHolder),
    FILE_FIELD(fillers, "invalidate_lock shared by", kTasks),
    FILE_FIELD(unmap_mutex, "unmap_mutex", kHolder),
    FILE_FIELD(i_mmap_lock, "i_mmap_lock", kHolder),
    FILE_FIELD(walkers, "i_mmap_lock shared by", kTasks),
    FILE_FIELD(root, "root of the tree", kSlot),
    FILE_FIELD(index_bits, "index_bits", kNumber),
    FILE_FIELD(list, "first of the list", kSlot),
};

constexpr FieldInfo<Vma> kVmaFields[] = {
    VMA_FIELD(count, "count", kMark),
    VMA_FIELD(state, "state", kState),
    VMA_FIELD(in_index, "in i_mmap", kPlace),
    VMA_FIELD(shared, "shared", kYes),
    VMA_FIELD(write, "writable", kYes),
    VMA_FIELD(nonlinear, "nonlinear", kYes),
    VMA_FIELD(accounted, "accounted", kYes),
    VMA_FIELD(anon, "anon_vma", kNumber),
    VMA_FIELD(cloned, "anon_vma made by fork", kYes),
    VMA_FIELD(mm_next, "next in its mm", kSlot),
    VMA_FIELD(mm_prev, "previous in its mm", kSlot),
    VMA_FIELD(parent, "parent in the tree", kLink),
    VMA_FIELD(left, "left in the tree", kLink),
    VMA_FIELD(right, "right in the tree", kLink),
    VMA_FIELD(set_prev, "previous in its set", kLink),
    VMA_FIELD(set_next, "next in its set", kLink),
    VMA_FIELD(birth, "allocations of the slot", kBirth),
};

constexpr FieldInfo<LargeMm> kMmFields[] = {
    MM_FIELD(live, "exists", kYes),
    MM_FIELD(users, "tasks in it", kNumber),
    MM_FIELD(writer, "mmap_sem", kHolder),
    MM_FIELD(readers, "mmap_sem shared by", kTasks),
    MM_FIELD(page_table_lock, "page_table_lock", kHolder),
    MM_FIELD(mmap, "first vma", kSlot),
    MM_FIELD(tables, "page tables", kTables),
};

constexpr FieldInfo<Task> kTaskFields[] = {
    TASK_FIELD(live, "exists", kYes),
    TASK_FIELD(mm, "mm", kNumber),
    TASK_FIELD(order, "order", kNumber),
};

constexpr FieldInfo<Op> kOpFields[] = {
    OP_FIELD(phase, "phase", kPhase),
    OP_FIELD(file, "file", kFile),
    OP_FIELD(shared, "shared", kYes),
    OP_FIELD(write, "writable", kYes),
    OP_FIELD(populate, "populates", kYes),
    OP_FIELD(child_task, "child task", kHolder),
    OP_FIELD(child_mm, "child mm", kNumber),
    OP_FIELD(addr, "address", kNumber),
    OP_FIELD(len, "length", kNumber),
    OP_FIELD(new_addr, "new address", kNumber),
    OP_FIELD(new_len, "new length", kNumber),
    OP_FIELD(pgoff, "pgoff or size", kNumber),
    OP_FIELD(fail_after, "moves until it fails", kNumber),
    OP_FIELD(cursor, "has reached", kNumber),
    OP_FIELD(vma, "vma", kSlot),
    OP_FIELD(new_vma, "new vma", kSlot),
    OP_FIELD(vma_birth, "allocation of its vma", kBirth),
    OP_FIELD(new_vma_birth, "allocation of its new vma", kBirth),
    OP_FIELD(backwards, "goes back", kYes),
    OP_FIELD(failed, "has failed", kYes),
    OP_FIELD(locked, "page locked, plus 1", kNumber),
    OP_FIELD(rest, "pages behind this part", kNumber),
    OP_FIELD(passes, "passes begun", kNumber),
    OP_FIELD(adjust.phase, "phase of vma_adjust", kPhase),
    OP_FIELD(adjust.vma, "vma to adjust", kSlot),
    OP_FIELD(adjust.insert, "vma to insert", kSlot),
    OP_FIELD(adjust.remove_next, "vmas to absorb", kNumber),
    OP_FIELD(adjust.start, "start to adjust to", kNumber),
    OP_FIELD(adjust.end, "end to adjust to", kNumber),
    OP_FIELD(adjust.pgoff, "pgoff to adjust to", kNumber),
    OP_FIELD(adjust.vma_birth, "allocation of the vma to adjust", kBirth),
    OP_FIELD(adjust.merge_case, "case of vma_merge", kNumber),
    OP_FIELD(unmap.phase, "phase of the unmap", kPhase),
    OP_FIELD(unmap.mm, "mm to unmap in", kNumber),
    OP_FIELD(unmap.first, "first detached vma", kSlot),
    OP_FIELD(unmap.cursor, "detached vma being zapped", kSlot),
    OP_FIELD(unmap.start, "start to unmap", kNumber),
    OP_FIELD(unmap.end, "end to unmap", kNumber),
    OP_FIELD(unmap.next_addr, "unmap goes on at", kNumber),
    OP_FIELD(unmap.whole_mm, "unmaps the whole mm", kYes),
    OP_FIELD(unmap.failed, "the unmap has failed", kYes),
    OP_FIELD(pass.phase, "phase of the pass", kPhase),
    OP_FIELD(pass.active, "the pass has its count", kYes),
    OP_FIELD(pass.file, "file of the pass", kFile),
    OP_FIELD(pass.even_cows, "takes private copies", kYes),
    OP_FIELD(pass.first, "first page of the pass", kNumber),
    OP_FIELD(pass.last, "last page of the pass", kNumber),
    OP_FIELD(pass.count, "count of the pass", kNumber),
    OP_FIELD(pass.cursor, "vma being zapped", kSlot),
    OP_FIELD(pass.cursor_birth, "allocation of the vma being zapped", kBirth),
    OP_FIELD(pass.addr, "zaps next", kNumber),
    OP_FIELD(pass.end, "zaps up to", kNumber),
    OP_FIELD(pass.restart_vma, "vma of the restart point", kSlot),
    OP_FIELD(pass.dropped, "the lock is dropped", kYes),
    OP_FIELD(pass.restart_addr, "address of the restart point", kNumber),
    OP_FIELD(pass.restart_pgoff, "pgoff of the restart point", kNumber),
    OP_FIELD(pass.in_list, "walks the nonlinear list", kYes),
    OP_FIELD(pass.final, "no whole pass follows", kYes),
    OP_FIELD(pass.work, "zapped in this block", kNumber),
    OP_FIELD(pass.zapped, "has zapped a page", kYes),
    OP_FIELD(fault.phase, "phase of the fault", kPhase),
    OP_FIELD(fault.write, "a write fault", kYes),
    OP_FIELD(fault.vma, "vma of the fault", kSlot),
    OP_FIELD(fault.vma_birth, "allocation of the fault's vma", kBirth),
    OP_FIELD(fault.addr, "address of the fault", kNumber),
    OP_FIELD(fault.page.bits, "page taken", kPte),
    OP_FIELD(fault.seq, "truncate_count as sampled", kNumber),
    OP_FIELD(fault.outcome, "outcome of the fault", kNumber),
    OP_FIELD(fault.retried, "the count was sampled again", kYes),
    OP_FIELD(fault.index, "page wanted", kNumber),
    OP_FIELD(fault.from_file_pte, "wanted by a file pte", kYes),
    OP_FIELD(fault.locked, "holds the page's lock", kYes),
    OP_FIELD(fault.told, "page_mkwrite was called", kYes),
    OP_FIELD(fault.filler, "holds invalidate_lock", kYes),
};

constexpr FieldInfo<LargeWorld> kWorldFields[] = {
    WORLD_FIELD(block, "pages in a block", kNumber),
    WORLD_FIELD(count_mask, "mask of truncate_count", kNumber),
    WORLD_FIELD(next_order, "tasks so far", kNumber),
    WORLD_FIELD(ran_out, "ran out", kYes),
};

#undef WORLD_FIELD
#undef OP_FIELD
#undef TASK_FIELD
#undef MM_FIELD
#undef VMA_FIELD
#undef FILE_FIELD
#undef FIELD

// "0..3, 6" of what `mask` has a bit for, each `width` wide.
std::string Ranges(uint64_t mask, unsigned width) {
  std::string text;
  while (mask != 0) {
    const auto first = static_cast<unsigned>(std::countr_zero(mask));
    const auto run = static_cast<unsigned>(std::countr_one(mask >> first));
    const unsigned last = (first + run) * width - 1;
    absl::StrAppendFormat(&text, "%s%u", text.empty() ? "" : ", ",
                          first * width);
    if (last != first * width) absl::StrAppendFormat(&text, "..%u", last);
    if (first + run == 64) break;
    mask = mask >> (first + run) << (first + run);
  }
  return text.empty() ? "none" : text;
}

std::string TaskNames(uint64_t mask, const Script& names) {
  std::string text;
  for (unsigned task = 0; task < LargeCaps::kTasks; ++task)
    if ((mask >> task & 1) != 0)
      text += (text.empty() ? "" : ", ") + names.task_names[task];
  return text.empty() ? "none" : text;
}

std::string MarkInWords(uint32_t mark, bool names_pass) {
  if (names_pass && mark != 0) {
    const uint32_t page = mark >> kPageShift, pass = mark & kSubPage;
    return page == kDonePage
               ? absl::StrFormat("done by pass %u", pass)
               : absl::StrFormat("restart of pass %u at %u", pass, page);
  }
  return IsRestart(mark, false)
             ? absl::StrFormat("restart at %u", mark >> kPageShift)
             : absl::StrFormat("%u", mark);
}

std::string PteInWords(Pte pte) {
  const char* const access = pte.writable() ? "rw" : "r";
  switch (pte.kind()) {
    case PteKind::kPage:
      return absl::StrFormat("page %u %s", pte.index(), access);
    case PteKind::kOrphan:
      return absl::StrFormat("removed page %u %s", pte.index(), access);
    case PteKind::kCopy:
      return absl::StrFormat("copy %s", access);
    case PteKind::kFilePte:
      return absl::StrFormat("file pte %u", pte.index());
    default:
      return pte.none() ? "none" : absl::StrFormat("bits %#x", pte.bits);
  }
}

template <size_t kSize>
std::string Choice(const char* const (&words)[kSize], uint64_t value) {
  return value < kSize ? words[value] : absl::StrFormat("%u", value);
}

}  // namespace

std::span<const FieldInfo<File>> FileFields() { return kFileFields; }
std::span<const FieldInfo<Vma>> VmaFields() { return kVmaFields; }
std::span<const FieldInfo<LargeMm>> MmFields() { return kMmFields; }
std::span<const FieldInfo<Task>> TaskFields() { return kTaskFields; }
std::span<const FieldInfo<Op>> OpFields() { return kOpFields; }
std::span<const FieldInfo<LargeWorld>> WorldFields() { return kWorldFields; }

std::string InWords(Form form, uint64_t value, const Script& names,
                    bool names_pass) {
  constexpr const char* kStates[] = {"free", "new", "linked", "detached"};
  constexpr const char* kPlaces[] = {"no", "a node of the tree",
                                     "in the set of a node", "in the list"};
  switch (form) {
    case Form::kYes:
      return value == 0   ? "no"
             : value == 1 ? "yes"
                          : absl::StrFormat("yes (%u)", value);
    case Form::kSlot:
    case Form::kLink:
      return value == kNone ? "none" : absl::StrFormat("slot %u", value);
    case Form::kHolder:
      return value < LargeCaps::kTasks ? names.task_names[value]
             : value == kNone          ? "free"
                                       : absl::StrFormat("%u", value);
    case Form::kTasks:
      return TaskNames(value, names);
    case Form::kPages:
      return Ranges(value, 1);
    case Form::kTables:
      return Ranges(value, kPtesPerTable);
    case Form::kFile:
      return value < LargeCaps::kFiles ? names.file_names[value]
                                       : absl::StrFormat("%u", value);
    case Form::kMark:
      return MarkInWords(static_cast<uint32_t>(value), names_pass);
    case Form::kPte:
      return PteInWords({static_cast<uint16_t>(value)});
    case Form::kState:
      return Choice(kStates, value);
    case Form::kPlace:
      return Choice(kPlaces, value);
    default:
      return absl::StrFormat("%u", value);
  }
}

}  // namespace vmtrunc
