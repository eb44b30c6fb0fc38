// vmtrunc prove --shard: one of many jobs that split a bound, and the file that
// its answer is in.
#ifndef VMTRUNC_CLI_PROVE_SHARD_H_
#define VMTRUNC_CLI_PROVE_SHARD_H_

#include <string>

#include "cli/prove.h"
#include "search/shard.h"

namespace vmtrunc::cli {

inline constexpr unsigned kMostShards = 1'000'000;

// "I/N", I from 0 on as job arrays count. Throws UsageError.
search::Shard ParseShard(const std::string& text);

// The name of its answer: "shard-I-of-N.json".
std::string AnswerName(search::Shard shard);

// Makes the directory. Throws UsageError where an answer could not be written
// to it, before the search and not after: a file that is there under its name
// is replaced when it is an answer to the same question.
void ExpectToAnswer(const Asked& asked, const ProveArguments& o,
                    search::Shard shard, const search::ProveOptions& options);

// Writes the answer whole or not at all, on disk when it returns. Two jobs of
// the same shard may do so at the same time.
void WriteAnswer(const Told& told, search::Shard shard);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_PROVE_SHARD_H_
