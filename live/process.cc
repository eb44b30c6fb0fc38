#include "live/process.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

namespace vmtrunc {
namespace {

thread_local sigjmp_buf g_touch;
void OnFault(int signal) { siglongjmp(g_touch, signal); }

bool Fits(unsigned addr, unsigned len) {
  return addr >= 1 && len >= 1 && addr + len <= kArenaPages;
}

void* Mremap(const Event& e, const Place& place) {
  if (e.new_addr == e.addr)
    return ::mremap(place.At(e.addr), place.bytes(e.len),
                    place.bytes(e.new_len), 0);
  return ::mremap(place.At(e.addr), place.bytes(e.len), place.bytes(e.new_len),
                  MREMAP_MAYMOVE | MREMAP_FIXED, place.At(e.new_addr));
}

}  // namespace

const char* TouchName(Touch touch) {
  constexpr const char* kNames[] = {"nothing", "served", "SIGBUS", "SIGSEGV"};
  return kNames[static_cast<size_t>(touch)];
}

void AnswerFaults() {
  struct sigaction action{};
  action.sa_handler = OnFault;
  action.sa_flags = SA_NODEFER;
  ::sigaction(SIGBUS, &action, nullptr);
  ::sigaction(SIGSEGV, &action, nullptr);
}

Touched TouchWord(char* at, bool write, uint64_t value) {
  // The mask needs no saving: SA_NODEFER leaves it alone.
  const int signal = sigsetjmp(g_touch, 0);
  if (signal != 0)
    return {.touch = signal == SIGBUS ? Touch::kSigbus : Touch::kSigsegv};
  auto* word = reinterpret_cast<volatile uint64_t*>(at);
  if (write) *word = value;
  return {.touch = Touch::kServed, .value = *word};
}

bool HasCall(const Event& e) {
  switch (e.verb) {
    case Verb::kMmap:
    case Verb::kMunmap:
    case Verb::kMprotect:
    case Verb::kRemap:
      return Fits(e.addr, e.len);
    case Verb::kMremap:
      return Fits(e.addr, e.len) && Fits(e.new_addr, e.new_len) &&
             e.fail_after == 0;
    case Verb::kPunch:
      return e.len != 0;
    case Verb::kNone:
    case Verb::kInvalidate:
      return false;
    default:
      return true;
  }
}

bool Call(const Event& e, const Place& place) {
  const int prot = PROT_READ | (e.write ? PROT_WRITE : 0);
  const int file = place.files[e.file & 1];
  switch (e.verb) {
    case Verb::kMmap:
      return ::mmap(place.At(e.addr), place.bytes(e.len), prot,
                    MAP_FIXED | (e.is_private ? MAP_PRIVATE : MAP_SHARED), file,
                    static_cast<off_t>(place.bytes(e.pgoff))) != MAP_FAILED;
    case Verb::kMunmap:
      return ::munmap(place.At(e.addr), place.bytes(e.len)) == 0;
    case Verb::kMprotect:
      return ::mprotect(place.At(e.addr), place.bytes(e.len), prot) == 0;
    case Verb::kMremap:
      return Mremap(e, place) != MAP_FAILED;
    case Verb::kRemap:
      return ::remap_file_pages(place.At(e.addr), place.bytes(e.len), 0,
                                e.pgoff * place.unit, 0) == 0;
    case Verb::kTruncate:
      return ::ftruncate(file, static_cast<off_t>(place.bytes(e.addr))) == 0;
    case Verb::kPunch:
      return ::fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                         static_cast<off_t>(place.bytes(e.addr)),
                         static_cast<off_t>(place.bytes(e.len))) == 0;
    default:
      return false;
  }
}

}  // namespace vmtrunc
