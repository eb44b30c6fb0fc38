#include "live/process.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "live/shared.h"

namespace vmtrunc::live {
namespace {

thread_local sigjmp_buf g_touch;
void OnFault(int signal) { siglongjmp(g_touch, signal); }

// Whether a script's mappings still fit in this process and machine.
bool CanMap() {
  constexpr size_t kSize = 16 * kArenaPages * kPage;
  void* at = ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return false;
  ::munmap(at, kSize);
  return true;
}

int ErrorUnless(bool done) { return done ? 0 : errno; }

void* Mremap(const Event& e, const Arena& place) {
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

Touched StoreWord(char* at, uint64_t value) {
  const int signal = sigsetjmp(g_touch, 0);
  if (signal != 0)
    return {.touch = signal == SIGBUS ? Touch::kSigbus : Touch::kSigsegv};
  *reinterpret_cast<volatile uint64_t*>(at) = value;
  return {.touch = Touch::kServed, .value = value};
}

int WriteAtOnce(int file, const void* bytes, size_t size, off_t at) {
  const ssize_t put = ::pwrite(file, bytes, size, at);
  if (put < 0) return errno;
  const auto done = static_cast<size_t>(put);
  if (done == size) return 0;
  const ssize_t rest = ::pwrite(file, static_cast<const char*>(bytes) + done,
                                size - done, at + put);
  return rest < 0 ? errno : ENOSPC;
}

int ErrorOfRead(ssize_t got) { return got < 0 ? errno : EIO; }

int Call(const Event& e, const Arena& place) {
  const int prot = PROT_READ | (e.write ? PROT_WRITE : 0);
  const int file = place.files[e.file & 1];
  switch (e.verb) {
    case Verb::kMmap:
      return ErrorUnless(
          ::mmap(place.At(e.addr), place.bytes(e.len), prot,
                 MAP_FIXED | (e.is_private ? MAP_PRIVATE : MAP_SHARED), file,
                 static_cast<off_t>(place.bytes(e.pgoff))) != MAP_FAILED);
    case Verb::kMunmap:
      return ErrorUnless(::munmap(place.At(e.addr), place.bytes(e.len)) == 0);
    case Verb::kMprotect:
      return ErrorUnless(
          ::mprotect(place.At(e.addr), place.bytes(e.len), prot) == 0);
    case Verb::kMremap:
      return ErrorUnless(Mremap(e, place) != MAP_FAILED);
    case Verb::kRemap:
      return ErrorUnless(::remap_file_pages(place.At(e.addr),
                                            place.bytes(e.len), 0,
                                            e.pgoff * place.unit, 0) == 0);
    case Verb::kTruncate:
      return ErrorUnless(
          ::ftruncate(file, static_cast<off_t>(place.bytes(e.addr))) == 0);
    case Verb::kPunch:
      return ErrorUnless(
          ::fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                      static_cast<off_t>(place.bytes(e.addr)),
                      static_cast<off_t>(place.bytes(e.len))) == 0);
    default:
      return 0;
  }
}

bool MachineRefused(const Event& e, int error) {
  // ENOMEM: of mprotect also for a hole, of mremap for growth without room.
  if (error == ENOMEM && (e.verb == Verb::kMprotect || e.verb == Verb::kMremap))
    return !CanMap();
  return IsMachineLimit(error);
}

}  // namespace vmtrunc::live
