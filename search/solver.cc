#include "search/solver.h"

#include <coin/Cbc_C_Interface.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "search/solver_name.h"

namespace vmtrunc::search {
namespace {

// Clp prints some lines whatever its options: this suppresses standard output.
class Silence {
 public:
  Silence() {
    std::fflush(stdout);
    kept_ = ::dup(STDOUT_FILENO);
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere < 0) return;
    ::dup2(nowhere, STDOUT_FILENO);
    ::close(nowhere);
  }
  ~Silence() {
    std::fflush(stdout);
    if (kept_ < 0) return;
    ::dup2(kept_, STDOUT_FILENO);
    ::close(kept_);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  int kept_;
};

}  // namespace

// The functions that are used, with the header's types: a header that no longer
// fits does not compile.
struct Solver::Functions {
  decltype(&Cbc_newModel) new_model;
  decltype(&Cbc_deleteModel) delete_model;
  decltype(&Cbc_setLogLevel) set_log_level;
  decltype(&Cbc_setParameter) set_parameter;
  decltype(&Cbc_loadProblem) load_problem;
  decltype(&Cbc_setInteger) set_integer;
  decltype(&Cbc_setMaximumSeconds) set_maximum_seconds;
  decltype(&Cbc_solve) solve;
  decltype(&Cbc_isProvenOptimal) is_proven_optimal;
  decltype(&Cbc_getColSolution) col_solution;
  decltype(&Cbc_getBestPossibleObjValue) best_possible;
};

absl::StatusOr<Solver> Solver::Load() {
  static Functions loaded;
  void* library = ::dlopen(kSolverName, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr)
    return absl::NotFoundError(
        absl::StrCat("cannot load the solver: ", ::dlerror(), "; expected ",
                     kSolverName, " (Debian: ", kSolverPackage, ")"));
  const char* missing = nullptr;
  const auto find = [&](auto& function, const char* name) {
    // POSIX allows this conversion for dlsym().
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(
        ::dlsym(library, name));
    if (function == nullptr) missing = name;
  };
  find(loaded.new_model, "Cbc_newModel");
  find(loaded.delete_model, "Cbc_deleteModel");
  find(loaded.set_log_level, "Cbc_setLogLevel");
  find(loaded.set_parameter, "Cbc_setParameter");
  find(loaded.load_problem, "Cbc_loadProblem");
  find(loaded.set_integer, "Cbc_setInteger");
  find(loaded.set_maximum_seconds, "Cbc_setMaximumSeconds");
  find(loaded.solve, "Cbc_solve");
  find(loaded.is_proven_optimal, "Cbc_isProvenOptimal");
  find(loaded.col_solution, "Cbc_getColSolution");
  find(loaded.best_possible, "Cbc_getBestPossibleObjValue");
  if (missing != nullptr)
    return absl::NotFoundError(
        absl::StrCat("the solver ", kSolverName, " has no ", missing));
  return Solver(&loaded);
}

Solution Solver::Minimise(const BinaryProgram& program, double seconds) const {
  const Functions& cbc = *functions_;
  const size_t columns = program.costs.size();
  const auto rows = static_cast<size_t>(program.rows);
  const std::vector<double> ones(program.elements.size(), 1);
  const std::vector<double> low(columns, 0), high(columns, 1);
  const std::vector<double> least(rows, 1),
      most(rows, static_cast<double>(columns));
  const std::unique_ptr<Cbc_Model, decltype(&Cbc_deleteModel)> model(
      cbc.new_model(), cbc.delete_model);
  cbc.set_log_level(model.get(), 0);
  cbc.set_parameter(model.get(), "log", "0");
  cbc.load_problem(model.get(), static_cast<int>(columns), program.rows,
                   program.starts.data(), program.elements.data(), ones.data(),
                   low.data(), high.data(), program.costs.data(), least.data(),
                   most.data());
  for (size_t i = 0; i < columns; ++i)
    cbc.set_integer(model.get(), static_cast<int>(i));
  cbc.set_maximum_seconds(model.get(), seconds);
  {
    const Silence silence;
    cbc.solve(model.get());
  }
  Solution solution;
  solution.is_optimal = cbc.is_proven_optimal(model.get()) != 0;
  solution.at_least = cbc.best_possible(model.get());
  if (const double* values = cbc.col_solution(model.get()))
    for (size_t i = 0; i < columns; ++i)
      solution.is_chosen.push_back(values[i] > 0.5);
  return solution;
}

}  // namespace vmtrunc::search
