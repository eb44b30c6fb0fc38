#include "core/about/field_words.h"

#include <bit>

#include "absl/strings/str_format.h"
#include "core/model/mark.h"

namespace vmtrunc {
namespace {

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
    case PteKind::kForeign:
      return absl::StrFormat("foreign frame %s", access);
    case PteKind::kEmpty:
      if (pte.none()) return "none";
  }
  return absl::StrFormat("bits %#x", pte.bits);
}

template <size_t kSize>
std::string Choice(const char* const (&words)[kSize], uint64_t value) {
  return value < kSize ? words[value] : absl::StrFormat("%u", value);
}

}  // namespace

std::string InWords(const Translation& it, const Script& names) {
  const char* const access = it.writable ? " rw" : " r";
  switch (it.leads) {
    case Leads::kNowhere:
      return "nothing";
    case Leads::kPage:
      return absl::StrFormat("page %u of %s%s", it.number,
                             names.file_names[it.file], access);
    case Leads::kFrame:
      return absl::StrFormat("frame %u%s", it.number, access);
    case Leads::kOther:
      return absl::StrFormat("a copy or a page that others hold%s", access);
  }
  return "";
}

std::string InWords(Form form, uint64_t value, const Script& names,
                    bool names_pass) {
  constexpr const char* kStates[] = {"free", "new", "linked", "detached"};
  constexpr const char* kPlaces[] = {"no", "a node of the tree",
                                     "in the set of a node", "in the list"};
  constexpr const char* kFrames[] = {"no number", "held by gathers", "free",
                                     "a page again", "a private copy"};
  switch (form) {
    case Form::kYes:
      return value == 0   ? "no"
             : value == 1 ? "yes"
                          : absl::StrFormat("yes (%u)", value);
    case Form::kSlot:
    case Form::kKnown:
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
    case Form::kOther:
      return value == 0 ? "none" : absl::StrFormat("%u", value - 1);
    case Form::kFrame:
      return Choice(kFrames, value);
    case Form::kNumber:
    case Form::kMm:
    case Form::kCount:
    case Form::kPhase:
    case Form::kBirth:
      break;
  }
  return absl::StrFormat("%u", value);
}

}  // namespace vmtrunc
