// vmtrunc prove --join: combines the answers of all shards.
#ifndef VMTRUNC_CLI_PROVE_JOIN_H_
#define VMTRUNC_CLI_PROVE_JOIN_H_

#include <string>

namespace vmtrunc::cli {

// Prints the combined result of the answers in a directory; a counterexample is
// also written to `out` if that is not empty. Returns the exit status. Throws
// UsageError if the files are no answers, or not to the same problem.
int Join(const std::string& directory, const std::string& out, bool as_json);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_PROVE_JOIN_H_
