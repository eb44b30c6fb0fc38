// The byte form, version 1: docs/format.md.
#include <algorithm>
#include <array>

#include "core/script/script.h"
#include "core/script/verbs.h"
#include "core/version.h"

namespace vmtrunc {
namespace {

// Selectors of a record, append only. The first verbs have the numbers of enum
// Verb, those that came after step, drop and finish three more.
constexpr unsigned kStepSelector = 13;
constexpr unsigned kDropSelector = 14;
constexpr unsigned kFinishSelector = 15;
constexpr unsigned kSelectorMask = 31;

unsigned SelectorOf(Verb verb) {
  const auto number = static_cast<unsigned>(verb);
  return number < kStepSelector ? number : number + 3;
}

// kNone for one that is no verb's.
Verb VerbOf(unsigned selector) {
  if (selector >= kStepSelector && selector <= kFinishSelector)
    return Verb::kNone;
  const unsigned number = selector < kStepSelector ? selector : selector - 3;
  return number <= unsigned{kVerbs} ? static_cast<Verb>(number) : Verb::kNone;
}

constexpr uint8_t kDefaultSize = 8;   // a zero byte is a file of 8 pages
constexpr uint8_t kDefaultTasks = 3;  // and three tasks

constexpr size_t kFoliosAt = 14;  // of the header: a byte a file
constexpr size_t kFlipsAt = 16;   // of the header: the words of a RuleSet
static_assert(kFlipsAt + 8 * RuleSet::kWords <= kHeaderBytes);

uint32_t Word(const uint8_t* from) {
  return from[0] | uint32_t{from[1]} << 8 | uint32_t{from[2]} << 16 |
         uint32_t{from[3]} << 24;
}

// Of a file, in pages.
uint8_t SizeOf(unsigned byte) {
  return static_cast<uint8_t>(std::min(byte & 127U, 64U));
}

// Bits 0-1: the highest order, exclusive-or the lowest; 2-3 the lowest; 4-5
// that of a block; 6 tmpfs; 7 a device's memory, or huge pages if bit 6 is set
// too, whatever the others say. Orders are at most 2.
FolioSetup FoliosOf(unsigned byte) {
  const auto order = [](unsigned bits) {
    return static_cast<uint8_t>(std::min(bits & 3U, 2U));
  };
  FolioSetup folios;
  folios.pfn = (byte & 192U) == 128U;
  folios.hugetlb = (byte & 192U) == 192U;
  if (folios.pfn || folios.hugetlb) return folios;
  folios.low = order(byte >> 2);
  folios.high = std::max(folios.low, order(byte ^ (byte >> 2)));
  folios.min_order = order(byte >> 4);
  folios.shmem = (byte & 64U) != 0;
  return folios;
}

uint8_t ByteOf(const FolioSetup& folios) {
  return static_cast<uint8_t>(
      unsigned(folios.high ^ folios.low) | unsigned{folios.low} << 2 |
      unsigned{folios.min_order} << 4 | (folios.shmem ? 64U : 0U) |
      (folios.pfn ? 128U : 0U) | (folios.hugetlb ? 192U : 0U));
}

void DecodeHeader(const uint8_t* h, Setup& setup, KernelSpec& kernel,
                  bool& has_kernel) {
  const unsigned number = h[1] & 15U;
  has_kernel = number >= 1 && number <= AllKernels().size();
  kernel = KernelSpec{};
  if (has_kernel) {
    kernel.kernel = static_cast<uint8_t>(number - 1);
    kernel.flips =
        FlipsOf(std::span<const uint8_t, kHeaderBytes>(h, kHeaderBytes)) &
        RuleSet::FirstOf(AllRules().size());
  }
  setup.block = static_cast<uint8_t>((h[2] & 63U) + 1);
  const unsigned narrow = h[3] & 31U;
  setup.tlb = (h[3] & 32U) != 0;
  setup.count_bits = static_cast<uint8_t>(narrow > 24 ? 32 : 32 - narrow);
  setup.count = Word(h + 4);
  setup.sizes[0] = SizeOf(h[8] ^ unsigned{kDefaultSize});
  setup.files = (h[9] & 128U) != 0 ? 2 : 1;
  setup.sizes[1] = setup.files == 2 ? SizeOf(h[9]) : uint8_t{0};
  for (unsigned i = 0; i < 2; ++i)
    setup.folios[i] =
        i < setup.files ? FoliosOf(h[kFoliosAt + i]) : FolioSetup{};
  setup.tasks = static_cast<uint8_t>(
      std::min((h[10] ^ unsigned{kDefaultTasks}) & 15U, 8U));
  const uint32_t owners = Word(h + 11) & 0xffffffU;
  for (unsigned i = 0; i < 8; ++i) {
    // Bits 3 i..: how the owner differs from i, so that 0 is an mm of its own.
    unsigned owner = (owners >> (3 * i) & 7U) ^ i;
    if (owner >= i || i >= setup.tasks) owner = i;
    setup.mm_of[i] = owner < i ? setup.mm_of[owner] : static_cast<uint8_t>(i);
  }
}

void DecodeArg(Arg arg, const uint8_t* r, unsigned files, Event& event) {
  const ArgInfo& info = InfoOf(arg);
  switch (arg) {
    case Arg::kAddr:
    case Arg::kLen:
    case Arg::kNewAddr:
    case Arg::kNewLen:
    case Arg::kFail:
    case Arg::kPgoff:
    case Arg::kFirst:
      event.*info.at = r[info.byte];
      break;
    case Arg::kPage:
      event.*info.at = r[info.byte] & 63U;
      break;
    case Arg::kOrder:
      event.*info.at = std::min<uint8_t>(r[info.byte] & 3U, 2);
      break;
    case Arg::kSize:
      event.*info.at = SizeOf(r[info.byte]);
      break;
    case Arg::kChild:
      event.*info.at = r[info.byte] & 7U;
      break;
    case Arg::kFile:
      event.file = static_cast<uint8_t>(files == 2 ? r[1] >> 3 & 1U : 0U);
      break;
    case Arg::kSharing:
      event.is_private = (r[1] & 16U) != 0;
      break;
    case Arg::kAccess:
    case Arg::kAccessOrRw:
      event.write = (r[1] & 32U) == 0;
      break;
    case Arg::kPopulate:
      event.populate = (r[1] & 64U) != 0;
      break;
  }
}

void DecodeRecord(const uint8_t* r, unsigned files, Event& event) {
  event = Event{};
  const unsigned selector = r[0] & kSelectorMask;
  event.task = r[1] & 7U;
  if (selector == kStepSelector) {
    event.kind = EventKind::kStep;
  } else if (selector == kFinishSelector) {
    event.kind = EventKind::kFinish;
  } else if (selector == kDropSelector) {
    event.kind = EventKind::kDrop;
    event.count = static_cast<uint8_t>(std::min<unsigned>(r[2] + 1U, 255U));
  }
  event.verb = VerbOf(selector);
  if (event.verb == Verb::kNone) return;
  event.kind = (r[0] & 32U) != 0 ? EventKind::kBegin : EventKind::kStart;
  for (const Arg arg : InfoOf(event.verb).args) DecodeArg(arg, r, files, event);
}

void EncodeRecord(const Event& event, uint8_t* r) {
  switch (event.kind) {
    case EventKind::kNone:
      return;
    case EventKind::kStep:
      r[0] = kStepSelector;
      break;
    case EventKind::kFinish:
      r[0] = kFinishSelector;
      break;
    case EventKind::kDrop:
      r[0] = kDropSelector;
      r[2] = static_cast<uint8_t>(event.count - 1);
      break;
    case EventKind::kStart:
    case EventKind::kBegin:
      r[0] = static_cast<uint8_t>(SelectorOf(event.verb));
      if (event.kind == EventKind::kBegin) r[0] |= 32U;
      r[2] = event.addr;
      r[3] = event.len;
      r[4] = event.new_addr;
      r[5] = event.new_len;
      r[6] = event.pgoff;
      r[7] = event.fail_after;
      break;
  }
  r[1] = static_cast<uint8_t>(
      event.task | unsigned{event.file} << 3 | (event.is_private ? 16U : 0U) |
      (HasAccess(event.verb) && !event.write ? 32U : 0U) |
      (event.populate ? 64U : 0U));
}

}  // namespace

size_t DecodeBytes(std::span<const uint8_t> bytes, Setup& setup,
                   KernelSpec& kernel, bool& has_kernel,
                   std::span<Event, kMaxEvents> events) {
  std::array<uint8_t, kHeaderBytes> header{};
  std::copy_n(bytes.begin(), std::min(bytes.size(), kHeaderBytes),
              header.begin());
  DecodeHeader(header.data(), setup, kernel, has_kernel);
  size_t count = 0;
  for (size_t at = kHeaderBytes; at < bytes.size() && count < kMaxEvents;
       at += kRecordBytes) {
    std::array<uint8_t, kRecordBytes> record{};
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                std::min(bytes.size() - at, kRecordBytes), record.begin());
    DecodeRecord(record.data(), setup.files, events[count++]);
  }
  return count;
}

Script DecodeBytes(std::span<const uint8_t> bytes) {
  Script script = EmptyScript();
  std::array<Event, kMaxEvents> events;
  KernelSpec kernel;
  bool has_kernel = false;
  const size_t count =
      DecodeBytes(bytes, script.setup, kernel, has_kernel, events);
  script.is_bytes = true;
  if (has_kernel) script.kernel = kernel;
  for (size_t i = 0; i < count; ++i) {
    if (events[i].kind != EventKind::kNone) script.events.push_back(events[i]);
  }
  const size_t used = kHeaderBytes + kMaxEvents * kRecordBytes;
  if (bytes.size() > used) script.ignored_bytes = bytes.size() - used;
  return script;
}

RuleSet FlipsOf(std::span<const uint8_t, kHeaderBytes> header) {
  RuleSet flips;
  for (size_t w = 0; w < RuleSet::kWords; ++w) {
    const uint8_t* const from = header.data() + kFlipsAt + 8 * w;
    flips.set_word(w, Word(from) | uint64_t{Word(from + 4)} << 32);
  }
  return flips;
}

void SetKernel(const KernelSpec& kernel,
               std::span<uint8_t, kHeaderBytes> header) {
  header[1] = static_cast<uint8_t>((header[1] & 0xf0U) | (kernel.kernel + 1U));
  for (size_t i = 0; i < 8 * RuleSet::kWords; ++i)
    header[kFlipsAt + i] =
        static_cast<uint8_t>(kernel.flips.word(i / 8) >> (8 * (i % 8)));
}

std::vector<uint8_t> EncodeBytes(const Script& script) {
  const Setup& setup = script.setup;
  std::vector<uint8_t> bytes(kHeaderBytes +
                             script.events.size() * kRecordBytes);
  const auto put = [&bytes](size_t at, uint64_t value, int count) {
    for (int i = 0; i < count; ++i)
      bytes[at + static_cast<size_t>(i)] |=
          static_cast<uint8_t>(value >> (8 * i));
  };
  bytes[0] = kBytesVersion;
  if (script.kernel)
    SetKernel(*script.kernel, std::span(bytes).first<kHeaderBytes>());
  bytes[2] = static_cast<uint8_t>(setup.block - 1);
  bytes[3] =
      static_cast<uint8_t>((32 - setup.count_bits) | (setup.tlb ? 32 : 0));
  put(4, setup.count, 4);
  bytes[8] = setup.sizes[0] ^ kDefaultSize;
  if (setup.files == 2) bytes[9] = setup.sizes[1] | 128U;
  for (unsigned i = 0; i < setup.files; ++i)
    bytes[kFoliosAt + i] = ByteOf(setup.folios[i]);
  bytes[10] = setup.tasks ^ kDefaultTasks;
  uint32_t owners = 0;
  for (unsigned i = 0; i < setup.tasks; ++i)
    owners |= (setup.mm_of[i] ^ i) << (3 * i);
  put(11, owners, 3);
  for (size_t i = 0; i < script.events.size(); ++i)
    EncodeRecord(script.events[i],
                 bytes.data() + kHeaderBytes + i * kRecordBytes);
  return bytes;
}

}  // namespace vmtrunc
