// vmtrunc prove --join: the answers of all shards, put together.
#ifndef VMTRUNC_CLI_PROVE_JOIN_H_
#define VMTRUNC_CLI_PROVE_JOIN_H_

#include <string>

namespace vmtrunc::cli {

// Prints what the answers in a directory come to; a script that breaks goes to
// `out` too if it is not empty. Returns the exit status. Throws UsageError
// where they are none, or none of the same question.
int Join(const std::string& directory, const std::string& out, bool as_json);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_PROVE_JOIN_H_
