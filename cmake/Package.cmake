# SPDX-License-Identifier: GPL-3.0-or-later
# What besides the programs is installed, and the two .deb that cpack makes of it: one
# for whoever installs machines, one for an image that they are installed with.
install(FILES packaging/cloudied.service packaging/cloudie-netbootd.service
        DESTINATION lib/systemd/system COMPONENT cloudie)
install(FILES packaging/sysusers.conf DESTINATION lib/sysusers.d RENAME cloudie.conf
        COMPONENT cloudie)
install(FILES packaging/tmpfiles.conf DESTINATION lib/tmpfiles.d RENAME cloudie.conf
        COMPONENT cloudie)
install(FILES packaging/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT cloudie)
install(FILES packaging/cloudie-worker.service DESTINATION lib/systemd/system
        COMPONENT cloudie-worker)
install(FILES packaging/copyright DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/cloudie-worker
        COMPONENT cloudie-worker)

set(CPACK_GENERATOR DEB)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL cloudie cloudie-worker)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_NAME cloudie)
set(CPACK_PACKAGE_VENDOR "Cloudie")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "") # each begins its description with one of its own
set(CPACK_PACKAGE_CONTACT "Cloudie <cloudie@example.invalid>")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_STRIP_FILES ON)

set(CPACK_DEBIAN_CLOUDIE_PACKAGE_NAME cloudie)
set(CPACK_DEBIAN_CLOUDIE_PACKAGE_DEPENDS systemd)
set(CPACK_COMPONENT_CLOUDIE_DESCRIPTION "${PROJECT_DESCRIPTION}
Cloudie turns a room of bare metal into ready workers: it answers the machines'
firmware (DHCP, TFTP, HTTP), boots a discovery agent on them, and shows what
they are. This package holds the controller (cloudied), the network boot server
(cloudie-netbootd), the maker of boot media (cloudie-mkimage) and the operator's
command (cloudie).")
set(CPACK_DEBIAN_CLOUDIE_PACKAGE_CONTROL_EXTRA
    "${PROJECT_SOURCE_DIR}/packaging/postinst"
    "${PROJECT_SOURCE_DIR}/packaging/prerm"
    "${PROJECT_SOURCE_DIR}/packaging/postrm")

set(CPACK_DEBIAN_CLOUDIE-WORKER_PACKAGE_NAME cloudie-worker)
set(CPACK_DEBIAN_CLOUDIE-WORKER_PACKAGE_DEPENDS "systemd, dbus")
set(CPACK_COMPONENT_CLOUDIE-WORKER_DESCRIPTION "Tells Cloudie that an installed system runs, and how it is
For images that Cloudie installs on machines: finds the seed that the installer
left, calls the controller on the first boot, and beats from then on with health,
versions, addresses and SSH host keys.")
set(CPACK_DEBIAN_CLOUDIE-WORKER_PACKAGE_CONTROL_EXTRA
    "${PROJECT_SOURCE_DIR}/packaging/worker/postinst"
    "${PROJECT_SOURCE_DIR}/packaging/worker/prerm"
    "${PROJECT_SOURCE_DIR}/packaging/worker/postrm")
include(CPack)
