#include "core/script/verbs.h"

#include <iterator>

namespace vmtrunc {
namespace {

// In the order of enum Arg.
constexpr ArgInfo kArgs[] = {
    {"ADDR", &Event::addr, 255, 2},
    {"LEN", &Event::len, 255, 3},
    {"NEWADDR", &Event::new_addr, 255, 4},
    {"NEWLEN", &Event::new_len, 255, 5},
    {"K", &Event::fail_after, 255, 7},
    {"FILE", nullptr, 1, 1},
    {"PGOFF", &Event::pgoff, 255, 6},
    {"SIZE", &Event::addr, 64, 2},
    {"FIRST", &Event::addr, 255, 2},
    {"shared|private", nullptr, 1, 1},
    {"r|rw", nullptr, 1, 1},
    {"r|rw", nullptr, 1, 1},
    {"populate", nullptr, 1, 1},
    {"TASK", &Event::new_addr, 7, 4},
    {"PAGE", &Event::addr, 63, 2},
    {"ORDER", &Event::addr, 2, 2},
};

}  // namespace

const ArgInfo& InfoOf(Arg arg) { return kArgs[static_cast<size_t>(arg)]; }

const VerbInfo& InfoOf(Verb verb) {
  using enum Arg;
  // In the order of enum Verb.
  static constexpr VerbInfo kInfos[] = {
      {"none", {}},
      {"mmap", {kAddr, kLen, kFile, kPgoff, kSharing, kAccessOrRw, kPopulate}},
      {"munmap", {kAddr, kLen}},
      {"mprotect", {kAddr, kLen, kAccess}},
      {"mremap", {kAddr, kLen, kNewAddr, kNewLen, kFail}},
      {"read", {kAddr}},
      {"write", {kAddr}},
      {"fork", {kChild}},
      {"exit", {}},
      {"truncate", {kFile, kSize}},
      {"remap", {kAddr, kLen, kPgoff}},
      {"punch", {kFile, kFirst, kLen}},
      {"invalidate", {kFile, kFirst, kLen}},
      {"pin", {kFile, kPage}},
      {"unpin", {kFile, kPage}},
      {"order", {kFile, kOrder}},
      {"revoke", {kFile, kFirst, kLen}},
      {"collapse", {kFile, kFirst}},
  };
  static_assert(std::size(kInfos) == kVerbs + 1);
  return kInfos[static_cast<size_t>(verb)];
}

const char* VerbName(Verb verb) { return InfoOf(verb).name; }

Verb VerbNamed(std::string_view name) {
  size_t verb = kVerbs;
  while (verb > 0 && name != VerbName(static_cast<Verb>(verb))) --verb;
  return static_cast<Verb>(verb);
}

}  // namespace vmtrunc
