// Counts the states and transitions of a bound as bench/truncate.pml has them:
// a state is what that model keeps of it, by the names of its variables, and a
// transition is one step. SPIN must come to the same numbers (ci/bench-spin),
// or one of the two models does something that the other does not.
//
//   spin_states KERNEL VERBS          bound tiny, in JSON
//
// No normal form and no reduction here: slots have their own numbers.
#include <cstdlib>
#include <iostream>
#include <string>
#include <unordered_set>
#include <vector>

#include "absl/strings/str_split.h"
#include "base/program.h"
#include "core/model/machine-inl.h"
#include "search/space.h"

namespace {

using namespace vmtrunc;
using Caps = SmallCaps;

struct Node {
  search::State<Caps> state;
  uint8_t mapped;  // how many mms were, at the start: SPIN's processes differ
};

// Bytes, a variable each.
class Variables {
 public:
  explicit Variables(const Node& node) : w_(node.state.world) {
    const search::State<Caps>& state = node.state;
    const File& file = w_.files[0];
    Put({node.mapped, state.passes, state.operations});
    for (unsigned slot = 1; slot < Caps::kVmas; ++slot) PutVma(w_.vmas[slot]);
    for (unsigned task = 0; task < 2; ++task) PutTask(w_.tasks[task].op);
    Put({state.passes == 0 ? 0U : file.size});
    PutPass(w_.tasks[2].op);
    Put({w_.free_count, Link(file.root), file.index_bits});
    for (unsigned i = 0; i < w_.free_count; ++i) Put({w_.free_slots[i]});
    for (const Mm<Caps>& mm : w_.mms) {
      uint32_t present = 0;
      for (unsigned addr = 0; addr < Caps::kAddrs; ++addr)
        present |= uint32_t{mm.ptes[addr].present()} << addr;
      Put({present, present >> 8, present >> 16, present >> 24});
    }
  }

  const std::string& bytes() const { return bytes_; }

 private:
  void Put(std::initializer_list<unsigned> values) {
    for (const unsigned value : values)
      bytes_.push_back(static_cast<char>(value));
  }
  static unsigned Link(Slot slot) { return slot == kNone ? 0U : slot; }

  // A count before the vma is linked is a copy that nobody reads.
  void PutVma(const Vma& v) {
    Put({static_cast<unsigned>(v.state), v.start, v.end, v.pgoff, v.mm, v.write,
         static_cast<unsigned>(v.in_index)});
    const bool aligned = IsPageAligned(v.count);
    if (v.state != VmaState::kNew)
      Put({aligned ? 0U : 1U, aligned ? v.count >> kPageShift : v.count});
    if (v.in_index != InIndex::kNot)
      Put({Link(v.parent), Link(v.left), Link(v.right), Link(v.set_prev),
           Link(v.set_next)});
  }

  void PutTask(const Op& op) {
    Put({static_cast<unsigned>(op.verb)});
    if (op.verb == Verb::kNone) return;
    if (op.verb == Verb::kMunmap) {
      const MunmapOp& it = op.munmap;
      Put({static_cast<unsigned>(it.phase), it.addr, it.len});
      Put({static_cast<unsigned>(op.unmap.phase)});
      if (it.phase == MunmapPhase::kUnmap && op.unmap.phase == UnmapPhase::kZap)
        Put({op.unmap.next_addr});
    } else {
      const MprotectOp& it = op.mprotect;
      const bool merges = it.phase == MprotectPhase::kMerge;
      Put({static_cast<unsigned>(it.phase), it.addr, it.len, it.write,
           it.cursor, it.stop, merges ? op.adjust.remove_next : 0U});
    }
  }

  void PutPass(const Op& op) {
    Put({static_cast<unsigned>(op.verb)});
    if (op.verb == Verb::kNone) return;
    const TruncateOp& it = op.truncate;
    Put({static_cast<unsigned>(it.phase)});
    if (it.phase != TruncatePhase::kPass)
      return Put({static_cast<unsigned>(it.removal.phase), it.removal.cursor});
    const Pass& pass = op.pass;
    Put({static_cast<unsigned>(pass.phase), Link(pass.restart_vma),
         pass.restart_addr, pass.restart_pgoff});
    if (pass.phase != PassPhase::kZap) return;
    const unsigned mm = w_.vmas[pass.cursor].mm;
    Put({pass.cursor, pass.addr, pass.end,
         w_.mms[mm].page_table_lock == kNone ? 0U : 1U});
  }

  const World<Caps>& w_;
  std::string bytes_;
};

// `drop` is a step only where the break test is: elsewhere it is several.
bool IsStep(const Node& node, const search::Edge& edge) {
  if (edge.kind != EventKind::kDrop) return true;
  const Op& op = node.state.world.tasks[edge.task].op;
  return op.truncate.phase == TruncatePhase::kPass &&
         op.pass.phase == PassPhase::kZap;
}

void Count(const search::Problem& problem,
           const search::ProveOptions& options) {
  const search::Space<Caps> space(problem, options);
  std::unordered_set<std::string> seen;
  std::vector<Node> left;  // to be expanded; the last one first, to be few
  uint64_t transitions = 0, beyond = 0;
  const auto keep = [&](const Node& node) {
    if (seen.insert(Variables(node).bytes()).second) left.push_back(node);
  };
  for (size_t i = 0; i < problem.starts.size(); ++i) {
    const size_t mmaps = problem.starts[i].events.size();
    transitions += mmaps == 0 ? 0U : 1U;
    keep({space.Start(i), static_cast<uint8_t>(mmaps)});
  }
  std::vector<search::Edge> edges;
  while (!left.empty()) {
    const Node node = left.back();
    left.pop_back();
    edges.clear();
    space.Edges(node.state, edges);
    for (const search::Edge& edge : edges) {
      if (!IsStep(node, edge)) continue;
      Node to = node;
      if (!space.Apply(to.state, edge)) continue;
      ++transitions;
      if (to.state.world.ran_out != 0) {
        ++beyond;
      } else if (space.Broken(to.state) == 0) {
        keep(to);
      }
    }
  }
  std::cout << "{\"states\": " << seen.size()
            << ", \"transitions\": " << transitions
            << ", \"beyond\": " << beyond << "}\n";
}

int Main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: spin_states KERNEL VERBS\n";
    return 2;
  }
  const auto kernel = ParseKernelSpec(argv[1]);
  if (!kernel.ok()) {
    std::cerr << "spin_states: " << kernel.status().message() << "\n";
    return 2;
  }
  search::Bound bound = *search::FindBound("tiny");
  bound.verbs = 0;
  const std::vector<std::string> verbs = absl::StrSplit(argv[2], ',');
  for (const std::string& verb : verbs)
    for (unsigned i = 1; i <= kVerbs; ++i)
      if (verb == VerbName(static_cast<Verb>(i)))
        bound.verbs |= search::Verbs{1} << i;
  search::ProveOptions options;
  options.rules = kernel->rules();
  options.properties = 1U << static_cast<unsigned>(Property::kNoPagePastSize);
  options.steps_only = true;
  Count(search::ProblemOf(bound), options);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return base::RunProgram("spin_states", Main, argc, argv);
}
