/** Generating: runs of a canvas. */
export const generate = {
  run: "Generate", runAll: "Generate all", runSelection: "Generate selection", dryRun: "What would it cost?", cancel: "Cancel run", resume: "Make again what failed", repeat: "Repeat this run",
  states: { waiting: "Waiting", queued: "Queued", running: "Running", succeeded: "Done", cached: "From cache", failed: "Failed", cancelled: "Cancelled", skipped: "Not made" },
  runStates: { running: "Running", succeeded: "Done", failed: "Failed", cancelled: "Cancelled" },
  cost: (credits: number) => credits === 0 ? "Costs nothing" : credits === 1 ? "Costs 1 credit" : `Costs ${credits.toLocaleString()} credits`,
  jobs: (count: number) => count === 1 ? "1 job" : `${count.toLocaleString()} jobs`, fromCache: (count: number) => `${count.toLocaleString()} from cache`, shared: (count: number) => `${count.toLocaleString()} made by another run`,
  resultOf: (name: string) => `Result of ${name}`, planTitle: "Before it is generated", planMake: "Will be made", planCache: "Comes from cache", planNothing: "Everything is there already: nothing has to be made.", start: "Generate",
  noOutputs: (count: number) => count === 1 ? "Its result is shown on the canvas only: nothing leads to an output, so it becomes no take." : "These results are shown on the canvas only: nothing leads to an output, so they become no takes.", addOutputs: "Make takes of them", addOutput: "Make a take of it",
  have: (credits: number) => `You have ${credits.toLocaleString()}.`, notEnough: "This costs more credits than you have. Generate a smaller part, or ask an administrator for more.",
  faultsTitle: "Not generated", faults: (count: number) => count === 1 ? "One thing has to be put right first." : `${count} things have to be put right first.`, show: "Show",
  started: (count: number) => count === 0 ? "Everything was there already" : `Generating: ${count} jobs`, finished: "Generated", finishedTakes: (count: number) => count === 1 ? "Generated: 1 take" : `Generated: ${count} takes`, seeTakes: "See the takes", failed: "Some nodes failed", cancelled: "The run was cancelled",
  title: "Runs", none: "Nothing was generated on this canvas yet.", progress: (done: number, of: number) => `${done} of ${of}`, latest: "Latest run", by: (name: string) => `by ${name}`,
  followUp: {
    cancelled: "It was cancelled. Generate again to make it.", "runner-timeout": "It took longer than its limit. Make less at once: shorter, smaller, or fewer frames.", "out-of-memory": "It needed more memory than the worker has. Try a smaller size.",
    "worker-lost": "The computer it ran on was lost, more than once. Make it again; if it is lost again, tell your administrator.", "input-missing": "A file it reads is gone. Choose the file again, or make again what it comes from.",
    "input-invalid": "A file it reads cannot be used. Connect another, or look at the file on the page Files.", "parameters-invalid": "A setting does not fit what comes in. Change it below, and generate again.", "runner-failed": "The program that makes it gave up. Its log says why.",
    "output-invalid": "What was made cannot be used, so it was not kept. Its log says why.", "storage-full": "The studio's disk is full. Tell your administrator.", "dependency-failed": "Something before it failed. Mend that, and this is made too.",
    "publish-failed": "It was made, but could not be put into the project. Make again what failed.", "runner-unknown": "No worker knows how to make it. Tell your administrator.",
  } as Record<string, string>,
  openLog: "Open its log", attempt: (attempt: number) => `attempt ${attempt}`, notRun: "Not made: something before it failed", stale: "Changed since", showRun: "Show this run on the canvas", hideRun: "Hide",
};
