// Work that takes seconds and can be done without: in a process of its own, so
// that it can be given up.
#ifndef VMTRUNC_CLI_CAMPAIGN_PAGE_H_
#define VMTRUNC_CLI_CAMPAIGN_PAGE_H_

#include <atomic>
#include <functional>
#include <optional>
#include <string>

namespace vmtrunc::cli {

// What `make` returns; nothing when `stop` comes first, when it fails, and
// where no process can be had. Requires: this process has no other threads.
std::optional<std::string> MakeUnless(const std::atomic<bool>& stop,
                                      const std::function<std::string()>& make);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_CAMPAIGN_PAGE_H_
