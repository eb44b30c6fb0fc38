// Runs optional work of some seconds in a process of its own, so that it can be
// abandoned.
#ifndef VMTRUNC_CLI_CAMPAIGN_PAGE_H_
#define VMTRUNC_CLI_CAMPAIGN_PAGE_H_

#include <atomic>
#include <functional>
#include <optional>
#include <string>

namespace vmtrunc::cli {

// Returns the result of `make`; nothing if `stop` comes first, if it fails, or
// if no process can be created. Requires: this process has no other threads.
std::optional<std::string> MakeUnless(const std::atomic<bool>& stop,
                                      const std::function<std::string()>& make);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_CAMPAIGN_PAGE_H_
