// vmtrunc prove --shard: one of many jobs that divide a bound, and the file
// with its answer.
#ifndef VMTRUNC_CLI_PROVE_SHARD_H_
#define VMTRUNC_CLI_PROVE_SHARD_H_

#include <string>

#include "cli/prove.h"
#include "search/shard.h"

namespace vmtrunc::cli {

inline constexpr unsigned kMostShards = 1'000'000;
// With --exchange, where each sends to each.
inline constexpr unsigned kMostSharing = 256;

// "I/N", I from 0 as job arrays count. Throws UsageError.
search::Shard ParseShard(const std::string& text);

// The file name of its answer: "shard-I-of-N.json".
std::string AnswerName(search::Shard shard);

// Throws UsageError if the output would have the name of an answer in that
// directory: another job may have written it, or will, for --join.
void ExpectNoAnswer(const std::string& option, const std::string& output,
                    const std::string& answers);

// Creates the directory. Throws UsageError before the search if the answer
// could not be written: an existing file of its name is replaced only if it is
// an answer to the same problem.
void ExpectToAnswer(const Asked& asked, const ProveArguments& o,
                    search::Shard shard, const search::ProveOptions& options);

// Writes the answer whole or not at all, on disk when it returns. Two jobs of
// the same shard may do so concurrently. Where this search ran out, an answer
// that says more stays, and a line on standard error says so.
void WriteAnswer(const Told& told, search::Shard shard);

// Its part of a search that it shares with the others. Throws UsageError.
search::ProveResult SearchShared(const ProveArguments& o, const Asked& asked,
                                 const search::ProveOptions& options,
                                 ShowProgress& show);

// --shard, --answers, --exchange, --join. To be called when the options that
// they exclude are there.
void AddShardOptions(CLI::App& sub, ProveArguments& o);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_PROVE_SHARD_H_
