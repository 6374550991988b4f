// Run MSM-MIL on a folder of slides with Nextflow: one process a slide. Not run: written against Nextflow's
// documentation (DSL 2).
//
//     nextflow run examples/cluster/main.nf --slides '/data/slides/*.svs' --out /data/results -resume

params.slides = '*.svs'
params.out = 'results'
params.options = ''

process MSM_MIL {
    tag "${slide.simpleName}"
    cpus 2
    memory '6 GB'
    time '2h'
    errorStrategy { task.attempt == 1 ? 'retry' : 'ignore' }
    maxRetries 1
    publishDir params.out, mode: 'move'

    input:
    path slide

    output:
    path '*.msm.h5'

    script:
    """
    OMP_NUM_THREADS=${task.cpus} msm-mil run "${slide}" --out . ${params.options}
    """
}

workflow {
    MSM_MIL(Channel.fromPath(params.slides, checkIfExists: true))
}
